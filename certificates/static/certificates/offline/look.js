// Finds the QR in a picture or in the picture of a camera, with what the browser brings or with a reader of ours.
const SIDES = [2400, 1600, 1000];
let native, ours;

async function tools(reader) {
  if (native === undefined) {
    const formats = (await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
    native = formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  }
  if (!native) ours ??= (await import(reader)).readSquare;
}

function pixels(source, width, height, most) {
  const scale = Math.min(1, most / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  drawn.drawImage(source, 0, 0, canvas.width, canvas.height);
  return drawn.getImageData(0, 0, canvas.width, canvas.height);
}

function decode(data) {
  try {
    return ours(data) || "";
  } catch {
    return ""; // there is none in it
  }
}

// What the QR of an image file says; "" where none was found, null where the file is no picture.
export async function inFile(file, reader) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  await tools(reader);
  if (native) {
    const found = await native.detect(picture).catch(giveUp);
    if (found.length) return found[0].rawValue;
    ours ??= (await import(reader)).readSquare;
  }
  for (const side of SIDES) {
    const said = decode(pixels(picture, picture.width, picture.height, side));
    if (said) return said;
  }
  return "";
}

// Looks through the camera until it sees a QR; "" when `isOver` says so. Throws where there is no camera for us.
export async function throughCamera(video, reader, isOver) {
  const wanted = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  try {
    video.srcObject = stream;
    await video.play();
    while (!isOver()) {
      await tools(reader);
      const said = await seen(video);
      if (said) return said;
      await new Promise((wake) => setTimeout(wake, 120));
    }
    return "";
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

// Some browsers name a reader that they do not have.
function giveUp() {
  native = null;
  return [];
}

async function seen(video) {
  if (!video.videoWidth) return "";
  if (native) return (await native.detect(video).catch(giveUp))[0]?.rawValue ?? "";
  return decode(pixels(video, video.videoWidth, video.videoHeight, 1280));
}
