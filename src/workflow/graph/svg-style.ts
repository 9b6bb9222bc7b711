/** Colours of one scheme. */
interface Palette {
  readonly page: string;
  readonly text: string;
  readonly note: string;
  readonly line: string;
  readonly border: string;
  readonly box: string;
  readonly group: string;
  readonly groupBorder: string;
  readonly visible: string;
  readonly visibleBox: string;
  readonly route: string;
  readonly routeBox: string;
  readonly end: string;
  readonly endBox: string;
}

const LIGHT: Palette = {
  page: '#ffffff',
  text: '#1f2328',
  note: '#59636e',
  line: '#818b98',
  border: '#818b98',
  box: '#ffffff',
  group: '#f6f8fa',
  groupBorder: '#c3cad1',
  visible: '#1a7f37',
  visibleBox: '#e6f6ea',
  route: '#9a6700',
  routeBox: '#fff8dc',
  end: '#0969da',
  endBox: '#e3f1ff',
};

const DARK: Palette = {
  page: '#0d1117',
  text: '#e6edf3',
  note: '#9aa4af',
  line: '#7d8590',
  border: '#7d8590',
  box: '#1c2128',
  group: '#151b23',
  groupBorder: '#3d444d',
  visible: '#3fb950',
  visibleBox: '#12301c',
  route: '#d29922',
  routeBox: '#332a12',
  end: '#4493f8',
  endBox: '#122440',
};

const FORM = `
.mr-t{font:600 13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.mr-m{font:400 11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.mr-mid{text-anchor:middle}
.mr-box{stroke-width:1.25}
.mr-visible .mr-box{stroke-width:2}
.mr-silent .mr-box{stroke-dasharray:4 3}
.mr-node.mr-silent{opacity:.6}
.mr-line{fill:none;stroke-width:1.25}
.mr-when,.mr-of-group{paint-order:stroke;stroke-width:5px;stroke-linejoin:round}`;

/** Plain rules for each scheme rather than CSS variables, which many SVG viewers do not support. */
const writeColours = (palette: Palette): string => `
.mr-page{fill:${palette.page}}
.mr-t{fill:${palette.text}}
.mr-m{fill:${palette.note}}
.mr-line{stroke:${palette.line}}
.mr-head,.mr-merge .mr-box{fill:${palette.line}}
.mr-box{fill:${palette.box};stroke:${palette.border}}
.mr-group .mr-box{fill:${palette.group};stroke:${palette.groupBorder}}
.mr-route .mr-box{fill:${palette.routeBox};stroke:${palette.route}}
.mr-request .mr-box,.mr-result .mr-box{fill:${palette.endBox};stroke:${palette.end}}
.mr-node.mr-visible .mr-box{fill:${palette.visibleBox};stroke:${palette.visible}}
.mr-of-group{stroke:${palette.group}}
.mr-when{stroke:${palette.page};fill:${palette.route}}`;

/** The style sheet of a drawing, for light pages and dark ones. Its classes begin with `mr-`. */
export const STYLE = `${FORM}${writeColours(LIGHT)}
@media (prefers-color-scheme:dark){${writeColours(DARK)}
}
`;
