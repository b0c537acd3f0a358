using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;

namespace Loire.Cli.Consume.Formats;

/// <summary>
/// kcat's <c>-f</c>: <c>%t</c> topic, <c>%p</c> partition, <c>%o</c> offset, <c>%k</c> key, <c>%s</c> value, <c>%K</c> and <c>%S</c> their
/// lengths (-1 for null), <c>%R</c> the value's length as four bytes, big endian, <c>%T</c> timestamp in milliseconds, <c>%h</c> headers,
/// <c>%%</c>.
/// </summary>
internal sealed class PrintfFormat : OutputFormat
{
    private const string Tokens = "tpoksKSRTh%";
    private readonly List<(char Token, byte[] Literal)> _parts = [];
    private readonly bool _showsNull;

    public PrintfFormat(string format, bool showsNull)
    {
        _showsNull = showsNull;
        for (var i = 0; i < format.Length;)
        {
            var end = format.IndexOf('%', i);
            if (end != i)
            {
                _parts.Add((' ', Escapes.Bytes(end < 0 ? format[i..] : format[i..end], "-f")));
                i = end < 0 ? format.Length : end;
                continue;
            }

            if (i + 1 == format.Length || !Tokens.Contains(format[i + 1], StringComparison.Ordinal))
            {
                throw CliException.Usage($"-f has '{format[i..Math.Min(i + 2, format.Length)]}', which stands for nothing.",
                    "there are %t %p %o %k %s %K %S %R %T %h %%.");
            }

            _parts.Add((format[i + 1], []));
            i += 2;
        }
    }

    public override void Write(IBufferWriter<byte> to, in ShownRecord record)
    {
        foreach (var (token, literal) in _parts)
        {
            switch (token)
            {
                case ' ':
                    to.Write(literal);
                    break;
                case '%':
                    to.Write("%"u8);
                    break;
                case 't':
                    Encoding.ASCII.GetBytes(record.Topic, to);
                    break;
                case 'k':
                    to.Write(record.KeyIsNull && _showsNull ? "NULL"u8 : record.Key);
                    break;
                case 's':
                    to.Write(record.ValueIsNull && _showsNull ? "NULL"u8 : record.Value);
                    break;
                case 'R':
                    BinaryPrimitives.WriteInt32BigEndian(to.GetSpan(sizeof(int)), record.ValueIsNull ? -1 : record.Value.Length);
                    to.Advance(sizeof(int));
                    break;
                case 'h':
                    WriteHeaders(to, record);
                    break;
                default:
                    Write(to, Number(token, record));
                    break;
            }
        }
    }

    private static long Number(char token, in ShownRecord record) => token switch
    {
        'p' => record.Partition,
        'o' => record.Offset.Value,
        'K' => record.KeyIsNull ? -1 : record.Key.Length,
        'S' => record.ValueIsNull ? -1 : record.Value.Length,
        _ => record.Timestamp.Milliseconds,
    };

    private static void Write(IBufferWriter<byte> to, long number)
    {
        number.TryFormat(to.GetSpan(20), out var length, default, CultureInfo.InvariantCulture);
        to.Advance(length);
    }

    private static void WriteHeaders(IBufferWriter<byte> to, in ShownRecord record)
    {
        var isFirst = true;
        foreach (var header in record.Headers)
        {
            to.Write(isFirst ? default : ","u8);
            to.Write(header.Key.Span);
            to.Write("="u8);
            to.Write(header.ValueIsNull ? "NULL"u8 : header.Value.Span);
            isFirst = false;
        }
    }
}
