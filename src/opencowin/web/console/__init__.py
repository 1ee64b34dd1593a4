"""The console: pages for those who run the campaign, the same for every tier, limited by role and place."""
