// Writes the player's moment into the form of the poster.
const form = document.querySelector("[data-poster]");
const film = document.querySelector("[data-player] video");
const button = form?.querySelector("[data-this-moment]");

if (button && film) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const whole = Math.floor(film.currentTime * 10) / 10;
    const rest = (whole % 60).toFixed(1).padStart(4, "0");
    form.querySelector("[name=moment]").value = `${Math.floor(whole / 60)}:${rest}`;
    film.pause();
  });
}
