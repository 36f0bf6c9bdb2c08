#!/usr/bin/env python3
"""format.py - puts C source into the house's form, or with --check says where it is not

clang-format decides, with .clang-format; but three things are left to the author, because a person
does them better: what is lined up within a line, where a line that is short enough is broken, and
the layout of macros. Lines have 96 columns, and one that ends a word later is let be: past 100
a comment is filled again, and a statement is broken as clang-format would.
"""
import difflib
import glob
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree

COLUMNS = 96
LIMIT = 100
FOLDERS = ['runtime', 'transports', 'idlc', 'examples', 'bench', 'cli', 'tests']
NOT_OURS = ['tests/idl/']               # golden output, compared to the byte


def files():
    for folder in FOLDERS:
        for path in sorted(glob.glob(folder + '/**/*.[ch]', recursive=True)):
            if not any(path.startswith(prefix) for prefix in NOT_OURS):
                yield path


def wants(text, path, columns=0, lines=()):
    """What clang-format would replace: (offset, length, by what), in bytes, last first."""
    out = subprocess.run(
        ['clang-format-14', '--style={BasedOnStyle: InheritParentConfig, ColumnLimit: %d}' % columns,
         '--assume-filename=' + path, '--output-replacements-xml'] + ['--lines=%d:%d' % (n, n) for n in lines],
        input=text, stdout=subprocess.PIPE, check=True).stdout
    found = [(int(r.get('offset')), int(r.get('length')), (r.text or '').encode())
             for r in xml.etree.ElementTree.fromstring(out)]
    return sorted(found, reverse=True)


def in_directive(text, offset):
    """Whether a preprocessor line, or one that continues it, holds this byte."""
    start = text.rfind(b'\n', 0, offset) + 1
    while start > 1 and text[start - 2:start - 1] == b'\\':
        start = text.rfind(b'\n', 0, start - 1) + 1
    return text[start:offset + 1].lstrip().startswith(b'#')


def is_authors(text, offset, old, new):
    """Whether to leave it as it is. Where both are blanks, they come between two tokens."""
    if in_directive(text, offset):
        return True
    if old.strip() or new.strip():
        return False
    before, after = text[offset - 1:offset], text[offset + len(old):offset + len(old) + 1]
    if b'\n' not in old and b'\n' not in new:           # alignment within a line
        return len(old) > 0 and len(new) > 0 or b'*' in before + after     # a * it takes for a pointer's
    if b'\n' in new and b'\n' not in old:               # a break: only where a statement or block ends
        return before not in b';{})'
    if b'\n' in old and b'\n' not in new:               # a join: only to bring a brace to its place
        return after != b'{' and after != b'' and not (before == b'}' and after in b'ew')
    deep, wanted = len(old.split(b'\n')[-1]), len(new.split(b'\n')[-1])
    return old.count(b'\n') == new.count(b'\n') and deep % 8 == 0 and wanted % 8 != 0


def clang_formatted(text, path):
    for offset, length, new in wants(text, path):
        old = text[offset:offset + length]
        if not is_authors(text, offset, old, new):
            text = text[:offset] + new + text[offset + length:]
    return text


def break_statements(text, path):
    """Breaks what is too long and neither comment nor macro, at every such line clang-format's way."""
    long = [n for n, line in enumerate(text.decode().split('\n'), 1) if len(line) > LIMIT]
    for offset, length, new in wants(text, path, COLUMNS, long) if long else []:
        old = text[offset:offset + length]
        if not in_directive(text, offset) and (b'\n' in old or b'\n' in new or not old):
            text = text[:offset] + new + text[offset + length:]
    return text


def fill_comments(lines):
    """Fills paragraphs of block comments again that have a line too long."""
    i = 0
    while i < len(lines):
        if len(lines[i]) <= LIMIT:
            i += 1
            continue
        line = re.fullmatch(r'( *)/\* (.*) \*/', lines[i])
        tail = re.fullmatch(r'( *)(\S.*?) */\* (.*) \*/', lines[i])
        body = re.match(r'( *) \* +\S', lines[i])
        if line:                        # one comment on a line: becomes a block
            indent, words = line.groups()
            made = textwrap.wrap(words, COLUMNS - len(indent) - 3, break_on_hyphens=False)
            lines[i:i + 1] = [indent + '/*'] + [indent + ' * ' + one for one in made] + [indent + ' */']
        elif tail:                      # behind code: goes above it
            indent, code, words = tail.groups()
            lines[i:i + 1] = [indent + '/* ' + words + ' */', indent + code]
            continue
        elif body:                      # within a block: with the lines after it, up to a blank or indented one
            prefix = body.group(1) + ' * '
            end = i + 1
            while end < len(lines) and re.match(re.escape(prefix) + r'[^\s\-*·]', lines[end]):
                end += 1
            words = ' '.join(one[len(prefix):] for one in lines[i:end])
            deep = len(words) - len(words.lstrip())
            lines[i:end] = textwrap.wrap(
                words.strip(), COLUMNS, break_on_hyphens=False,
                initial_indent=prefix + ' ' * deep, subsequent_indent=prefix + ' ' * deep)
        i += 1
    return lines


def formatted(text, path):
    text = clang_formatted(text, path)
    lines = fill_comments(text.decode().split('\n'))
    return break_statements('\n'.join(lines).encode(), path)


def main():
    check = sys.argv[1:] == ['--check']
    wrong = []
    n = 0
    for path in files():
        n += 1
        with open(path, 'rb') as file:
            text = file.read()
        new = formatted(text, path)
        if new != text and check:
            wrong.append(path)
            sys.stdout.writelines(difflib.unified_diff(
                text.decode().splitlines(True), new.decode().splitlines(True), path, path + ' (formatted)', n=1))
        elif new != text:
            with open(path, 'wb') as file:
                file.write(new)
            print('formatted', path)
        for number, line in enumerate(new.decode().split('\n'), 1):
            if len(line) > LIMIT and '"' not in line and not line.endswith('\\'):     # texts and macros may
                wrong.append(path)
                print(f'{path}:{number}: {len(line)} columns, {LIMIT} are the most')
    if wrong:
        print(f'{len(set(wrong))} of {n} files are not in form; ./dev format mends what can be mended')
    else:
        print(f'{n} files are in form')
    sys.exit(1 if wrong else 0)


main()
