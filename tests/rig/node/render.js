// Renders a JSON array of documents from stdin: {renderer: [html, ...]}.
'use strict';
const fs = require('fs');
const Hexo = require('hexo');
const MarkdownIt = require('markdown-it');

const documents = JSON.parse(fs.readFileSync(0, 'utf8'));
const hexo = new Hexo(process.cwd(), { silent: true });
const markdownIt = new MarkdownIt({ html: true });

hexo.init().then(() => {
  const render = text => hexo.render.renderSync({ text, engine: 'markdown' });
  console.log(JSON.stringify({
    marked: documents.map(render),
    'markdown-it': documents.map(text => markdownIt.render(text)),
  }));
});
