using System.Buffers;
using System.Globalization;
using System.Text;
using Loire.Cli.Failures;

namespace Loire.Cli.CommandLine;

/// <summary>
/// kcat's notation of delimiters and formats: <c>\n \r \t \\ \xHH</c> and octal <c>\NNN</c> are bytes, everything else is UTF-8.
/// </summary>
internal static class Escapes
{
    public static byte[] Bytes(string text, string option)
    {
        var bytes = new ArrayBufferWriter<byte>();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '\\')
            {
                var end = text.IndexOf('\\', i);
                end = end < 0 ? text.Length : end;
                Encoding.UTF8.GetBytes(text.AsSpan(i, end - i), bytes);
                i = end;
                continue;
            }

            i += 1 + Escape(text.AsSpan(i + 1), bytes, option);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static int Escape(ReadOnlySpan<char> rest, ArrayBufferWriter<byte> bytes, string option)
    {
        switch (rest.IsEmpty ? '\0' : rest[0])
        {
            case 'n':
                bytes.Write("\n"u8);
                return 1;
            case 'r':
                bytes.Write("\r"u8);
                return 1;
            case 't':
                bytes.Write("\t"u8);
                return 1;
            case '\\':
                bytes.Write("\\"u8);
                return 1;
            case 'x' when byte.TryParse(
                rest[1..Math.Min(3, rest.Length)], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value):
                bytes.Write([value]);
                return Math.Min(3, rest.Length);
            case >= '0' and <= '7':
                return Octal(rest, bytes);
            default:
                throw CliException.Usage($"{option} has an escape that is none.", @"there are \n \r \t \\ \xHH and octal \NNN.");
        }
    }

    private static int Octal(ReadOnlySpan<char> rest, ArrayBufferWriter<byte> bytes)
    {
        var (value, digits) = (0, 0);
        while (digits < 3 && digits < rest.Length && rest[digits] is >= '0' and <= '7' && (8 * value) + rest[digits] - '0' <= byte.MaxValue)
        {
            value = (8 * value) + rest[digits++] - '0';
        }

        bytes.Write([(byte)value]);
        return digits;
    }
}
