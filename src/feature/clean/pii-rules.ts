/**
 * What personal data looks like: for each kind a pattern, and where a pattern alone would take too much a check that
 * decides (checksums, lengths by country, what stands around it). When in doubt a rule says no: dates, versions and
 * numbers in code are commoner than telephones in what people publish.
 *
 * @source https://www.itu.int/rec/T-REC-E.164; ISO 13616 (IBAN, mod 97); ISO/IEC 7812 (Luhn);
 *   https://docs.github.com/en/code-security/secret-scanning (prefixes of tokens)
 */

import { isIPv6 } from "node:net";

/** What can be masked; each has its placeholder: `[EMAIL]`. */
export const PII_KINDS = ["secret", "email", "iban", "card", "phone", "ip"] as const;
/** A kind of personal data. */
export type PiiKind = (typeof PII_KINDS)[number];

/** A match with the text of its line before and after it. */
export interface PiiCandidate {
  readonly text: string;
  readonly before: string;
  readonly after: string;
}

export interface PiiRule {
  readonly kind: PiiKind;
  /** Global; matches within a line. */
  readonly pattern: RegExp;
  accepts(candidate: PiiCandidate): boolean;
}

const always = (): boolean => true;
const digitsOf = (text: string): string => text.replace(/\D/g, "");

/** Real tokens have digits and letters; `sk-your-api-key-goes-here` is an example. */
const looksRandom = ({ text }: PiiCandidate): boolean => /\d/.test(text) && /[a-zA-Z]/.test(text);

const TOKEN =
  /(?<![\w-])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{36,255}|github_pat_\w{22,255}|glpat-[\w-]{20,64}|sk-(?:proj-|ant-|or-)?[\w-]{20,255}|[prs]k_(?:live|test)_\w{16,255}|xox[abeprs]-[\w-]{10,255}|AIza[\w-]{35}|hf_[a-zA-Z\d]{30,64}|npm_[a-zA-Z\d]{36}|pypi-[\w-]{50,255}|dckr_pat_[\w-]{20,64}|SG\.[\w-]{22}\.[\w-]{43})(?![\w-])/g;
/** @source RFC 7519: two JSON objects in base64url, `eyJ` is `{"`, and a signature */
const WEB_TOKEN = /(?<![\w-])eyJ[\w-]{8,2048}\.eyJ[\w-]{8,4096}\.[\w-]{8,1024}(?![\w-])/g;
const PASSWORD_IN_ADDRESS = /(?<=:\/\/[^\s:@/]{1,64}:)[^\s@/:[\]]{3,128}(?=@)/g;
const BEARER = /(?<=\bBearer )[\w.~+/-]{20,1024}=*/g;

const EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,6}\p{L}{2,24}(?![\p{L}\p{N}-])/gu;
const FILE_ENDING = /\.(?:png|jpe?g|gif|svg|webp|avif|css|m?[jt]sx?|json|html?|md|py|rs|go|sh|ya?ml|toml|txt)$/i;

/** `git@github.com:…` names a repository, `logo@2x.png` a file. */
const isMailbox = ({ text, after }: PiiCandidate): boolean =>
  !(text.startsWith("git@") && /^[:/]/.test(after)) && !FILE_ENDING.test(text) && !/^\.|\.@/.test(text);

const IBAN = /(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?![\w-])/g;
const IBAN_LENGTHS =
  "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TN24TR26UA29VA22VG24XK20";

function isIban({ text }: PiiCandidate): boolean {
  const iban = text.replaceAll(" ", "");
  if (!IBAN_LENGTHS.includes(`${iban.slice(0, 2)}${iban.length}`)) return false;
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/g, (letter) => `${letter.charCodeAt(0) - 55}`);
  return [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}

/** Together, or in the groups that are printed on cards. */
const CARD = /(?<![\w.,-])(?:\d{14,16}|\d{4}(?:[ -]\d{4}){3}|\d{4}[ -]\d{6}[ -]\d{4,5})(?![\w-]|[.,]\d)/g;
/** Visa, Mastercard, American Express, Discover, JCB, Diners Club, each with its length. */
const CARD_NUMBER =
  /^(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3(?:0[0-5]|[68]\d)\d{11})$/;

const isCard = ({ text }: PiiCandidate): boolean => CARD_NUMBER.test(digitsOf(text)) && passesLuhn(digitsOf(text));

function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** With the international prefix; as written in North America; in French pairs; or any run with a word that says so. */
const INTERNATIONAL =
  /(?<![\w+.])(?<!\d[ -])(?:\+|00(?=[1-9]))[1-9]\d{0,2}(?:[ .-]?\(0\))?(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?![\w-]|[.,]\d)/g;
const AMERICAN =
  /(?<![\w.+-])(?<!\d[ -])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|[.,]\d)/g;
const FRENCH = /(?<![\w.+-])(?<!\d[ -])0[1-9](?:[ .]\d{2}){4}(?![\w-]|[ .,]\d)/g;
const NATIONAL = /(?<![\w.+-])(?<!\d[ -])\(?0\d{1,4}\)?(?:[ /-]{1,3}\d{2,8}){1,4}(?![\w-]|[.,]\d)/g;
const SAYS_PHONE =
  /(?:\b(?:tel|phone|telephone|telefon|tél|téléphone|mobile?|mobil|handy|cell|fax|call|whatsapp|signal)\b|[☎📞📱])[^\d\n]{0,12}$/iu;

const hasDigits =
  (least: number, most: number): ((candidate: PiiCandidate) => boolean) =>
  ({ text, before }) => {
    const { length } = digitsOf(text);
    return length >= least && length <= most && !/\S*(?:https?:\/\/|www\.)\S*$/.test(before);
  };
const isInternational = hasDigits(9, 17);

const IPV4 =
  /(?<![\w.@=/-])(?<!:\/\/\S{0,40})(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)/g;
const IPV4_IN_ADDRESS =
  /(?<=:\/\/(?:[^\s/@]{1,64}@)?)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.-])/g;
const IPV6 = /(?<![\w:.])[\da-fA-F:]{6,39}(?![\w:.])/g;

/** Four numbers after the word are a version; private addresses, loopback and masks say nothing of anybody. */
const isHost = ({ text, before }: PiiCandidate): boolean =>
  !/^(?:127|10|0|255|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(text) &&
  !/(?:\bv(?:ersion|\d+)?|\brelease|\bbuild)[ .:]*$/i.test(before);
const isHost6 = ({ text }: PiiCandidate): boolean =>
  isIPv6(text) && /\d/.test(text) && text.split(":").filter((group) => group !== "").length >= 3;

/** In order of precedence: of overlapping matches the first rule's holds. */
export const PII_RULES: readonly PiiRule[] = [
  { kind: "secret", pattern: TOKEN, accepts: looksRandom },
  { kind: "secret", pattern: WEB_TOKEN, accepts: always },
  { kind: "secret", pattern: BEARER, accepts: looksRandom },
  { kind: "secret", pattern: PASSWORD_IN_ADDRESS, accepts: always },
  { kind: "email", pattern: EMAIL, accepts: isMailbox },
  { kind: "iban", pattern: IBAN, accepts: isIban },
  { kind: "card", pattern: CARD, accepts: isCard },
  { kind: "phone", pattern: INTERNATIONAL, accepts: isInternational },
  { kind: "phone", pattern: AMERICAN, accepts: hasDigits(10, 11) },
  { kind: "phone", pattern: FRENCH, accepts: hasDigits(10, 10) },
  { kind: "phone", pattern: NATIONAL, accepts: (each) => SAYS_PHONE.test(each.before) && hasDigits(6, 14)(each) },
  { kind: "ip", pattern: IPV4, accepts: isHost },
  { kind: "ip", pattern: IPV4_IN_ADDRESS, accepts: isHost },
  { kind: "ip", pattern: IPV6, accepts: isHost6 },
];
