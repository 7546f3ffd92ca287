/* Tells the browser, and who reads the page aloud, in which language and direction this page is. */
export default function ({ data }) {
  document.documentElement.lang = data.tag;
  document.documentElement.dir = data.direction;
}
