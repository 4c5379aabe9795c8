import { describe, expect, it } from 'vitest';
import { chooseColour, colourIndex, ON_PERSON, PAGE, PALETTE, wireColours } from './palette.ts';

/** WCAG 2.2: relative luminance of `#rrggbb`. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe('the palette', () => {
  it.each(PALETTE)('$name is readable in both themes', ({ light, dark }) => {
    expect(contrast(light, ON_PERSON.light)).toBeGreaterThan(4.5);
    expect(contrast(light, PAGE.light)).toBeGreaterThan(4.5);
    expect(contrast(dark, ON_PERSON.dark)).toBeGreaterThan(4.5);
    expect(contrast(dark, PAGE.dark)).toBeGreaterThan(4.5);
  });

  it('finds a colour again that it announced, and never lets a foreign one through', () => {
    for (let index = 0; index < PALETTE.length; index += 1) {
      expect(colourIndex(wireColours(index).color, 99)).toBe(index);
    }
    for (const foreign of ['red; background: url(//evil)', undefined, null, 7, {}]) {
      expect(colourIndex(foreign, 11)).toBe(11 % PALETTE.length);
    }
  });

  it('the larger client id gives way to a free colour, the smaller one stays', () => {
    expect(chooseColour(20, 3, new Map([[10, 3]]))).toBe(0);
    expect(chooseColour(10, 3, new Map([[20, 3]]))).toBe(3);
    expect(chooseColour(20, 3, new Map([[10, 4]]))).toBe(3);
  });

  it('stays when every colour is worn', () => {
    const others = new Map(PALETTE.map((_colour, index) => [index, index]));
    expect(chooseColour(50, 2, others)).toBe(2);
  });
});
