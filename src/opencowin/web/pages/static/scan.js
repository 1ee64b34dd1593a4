/* Reads QR codes with the browser's own detector where it has one, else with ZXing, which is loaded when first needed. */
const READER = new URL("./zxing_reader.js", import.meta.url).href;
const WASM = new URL("./zxing_reader.wasm", import.meta.url).href;
const OFTEN = 120;
const SIDE = 1600;
let zxing;

export async function native() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

export async function load() {
  zxing ??= fetched().then(async (module) => {
    await module.prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true });
    return module;
  });
  zxing.catch(() => { zxing = undefined; });
  return zxing;
}

function fetched() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: READER, onload: () => resolve(window.ZXingWASM), onerror: reject });
    document.head.append(script);
  });
}

async function readBy(module, source, width, height) {
  const scale = Math.min(1, SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const found = await module.readBarcodes(pixels, { formats: ["QRCode"], textMode: "Plain", maxNumberOfSymbols: 4 });
  return found.filter((one) => one.isValid).map((one) => one.text);
}

/* What the browser's own detector sees; null where there is none, or what it says is not to be believed. */
async function detectedBy(detector, source, believable) {
  if (!detector) return null;
  const texts = (await detector.detect(source)).map((one) => one.rawValue);
  return await believable(texts) ? texts : null;
}

/* The texts of the codes in a picture of the person's choice; null where a reader would have to be loaded for it. */
export async function readPicture(file, believable) {
  const picture = await createImageBitmap(file);
  const texts = await detectedBy(await native(), picture, believable);
  if (texts?.length) return texts;
  const here = zxing !== undefined || (await caches.match(WASM)) !== undefined;
  return here ? readBy(await load(), picture, picture.width, picture.height) : null;
}

/* Watches until codes are seen, or `stopped` says so. */
export async function watch(video, stopped, believable) {
  const detector = await native();
  while (!stopped()) {
    if (video.readyState >= 2) {
      const texts = await detectedBy(detector, video, believable)
        ?? await readBy(await load(), video, video.videoWidth, video.videoHeight);
      if (texts.length) return texts;
    }
    await new Promise((resume) => { setTimeout(resume, OFTEN); });
  }
  return [];
}
