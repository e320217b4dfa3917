import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import {
  bracketMatching,
  defaultHighlightStyle,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { Compartment, EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

interface EditorOptions {
  readonly code: string;
  readonly language: string;
  readonly label: string;
  readonly onRun: () => void;
  readonly onChange: (code: string) => void;
}

const setMarked = StateEffect.define<number | undefined>();
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    const effect = transaction.effects.find((one) => one.is(setMarked));
    if (effect === undefined) return transaction.docChanged ? Decoration.none : value;
    const line = effect.value;
    if (line === undefined || line > transaction.state.doc.lines) return Decoration.none;
    return Decoration.set([Decoration.line({ class: 'marked' }).range(transaction.state.doc.line(line).from)]);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Colours with enough contrast on a dark page; the default style is made for a light one. */
const darkStyle = HighlightStyle.define([
  { tag: tags.keyword, color: '#ff9492' },
  { tag: [tags.string, tags.special(tags.string)], color: '#addcff' },
  { tag: [tags.number, tags.bool, tags.null], color: '#91cbff' },
  { tag: tags.comment, color: '#bdc4cc' },
  { tag: [tags.typeName, tags.className], color: '#ffb757' },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: '#dbb7ff' },
]);

/** The default colours, except those that are too faint on our paper. */
const DARKER: Readonly<Record<string, string>> = {
  '#e40': '#b23000',
  '#f00': '#b80000',
  '#085': '#006b43',
};
const lightStyle = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) => {
    const color = spec['color'] as string | undefined;
    return color === undefined ? spec : { ...spec, color: DARKER[color] ?? color };
  }),
);

/** An editor in place of the still code. */
export function createEditor(box: HTMLElement, { code, language, label, onRun, onChange }: EditorOptions) {
  const isDark = (): boolean => document.documentElement.dataset['theme'] === 'dark';
  const scheme = new Compartment();
  const style = () => syntaxHighlighting(isDark() ? darkStyle : lightStyle);
  const view = new EditorView({
    state: EditorState.create({
      doc: code,
      extensions: [
        keymap.of([{ key: 'Mod-Enter', run: () => (onRun(), true) }, ...defaultKeymap, ...historyKeymap]),
        // Tab indents; Escape first, then Tab, leaves the editor by keyboard.
        keymap.of([indentWithTab]),
        history(),
        lineNumbers(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of('    '),
        language === 'python' ? python() : sql({ dialect: PostgreSQL }),
        scheme.of(style()),
        marked,
        EditorView.contentAttributes.of({
          'aria-label': `${label}. Escape, then Tab, leaves it; Ctrl+Enter runs it.`,
          // It scrolls sideways on a phone, and says itself that the keyboard comes to it.
          tabindex: '0',
        }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
      ],
    }),
  });
  box.replaceChildren(view.dom);
  const watcher = new MutationObserver(() => view.dispatch({ effects: scheme.reconfigure(style()) }));
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return {
    code: () => view.state.doc.toString(),
    set: (text: string) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    mark: (line: number | undefined) => view.dispatch({ effects: setMarked.of(line) }),
    focus: () => view.focus(),
  };
}
