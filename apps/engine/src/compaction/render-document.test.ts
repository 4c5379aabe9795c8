import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { renderJson, renderText } from './render-document.ts';

describe('a document as JSON and text', () => {
  function document(write: (doc: Y.Doc) => void): Uint8Array {
    const doc = new Y.Doc();
    write(doc);
    return Y.encodeStateAsUpdate(doc);
  }
  const json = (write: (doc: Y.Doc) => void): unknown => JSON.parse(renderJson(document(write)));

  it('tells the root types by what is in them', () => {
    expect(
      json((doc) => {
        doc.getText('text').insert(0, 'words');
        doc.getText('bold').insert(0, 'loud', { bold: true });
        doc.getMap('map').set('key', [1, { deep: true }]);
        doc.getArray('list').push(['a', 2, new Y.Map([['x', 1]]), new Y.Text('inside')]);
        doc.getXmlFragment('xml').push([new Y.XmlElement('p')]);
        doc.getText('gone').insert(0, 'x');
        doc.getText('gone').delete(0, 1);
      }),
    ).toEqual({
      text: 'words',
      bold: 'loud',
      map: { key: [1, { deep: true }] },
      list: ['a', 2, { x: 1 }, 'inside'],
      xml: '<p></p>',
      gone: null,
    });
  });

  it('writes what JSON has no word for', () => {
    expect(
      json((doc) => {
        doc.getArray('list').push([Uint8Array.of(1, 2, 3), { big: 12n }, new Y.Doc(), null]);
        doc.getMap('__proto__').set('x', 1);
      }),
    ).toEqual(JSON.parse('{"list":["AQID",{"big":"12"},{},null],"__proto__":{"x":1}}'));
  });

  it('says nothing of an empty document', () => {
    expect(renderJson(Uint8Array.of(0, 0))).toBe('{}');
    expect(renderText(Uint8Array.of(0, 0), 'content')).toBe('');
  });

  it('gives the text of one root type', () => {
    const update = document((doc) => {
      doc.getText('content').insert(0, 'hello ');
      doc.getText('content').insert(6, 'world', { bold: true });
      doc.getXmlFragment('page').push([new Y.XmlText('words')]);
    });
    expect(renderText(update, 'content')).toBe('hello world');
    expect(renderText(update, 'page')).toBe('words');
    expect(renderText(update, 'other')).toBe('');
  });
});
