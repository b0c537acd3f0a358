using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Loire.Client;

/// <summary>
/// UTF-8 without a byte order mark. Unpaired surrogates and invalid UTF-8 are errors, because replacement characters would lose data.
/// </summary>
internal sealed class Utf8Serde : ISerializer<string>, IDeserializer<string>
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public void Serialize(string value, IBufferWriter<byte> destination, in SerializationContext context) =>
        Strict.GetBytes(value, destination);

    public string Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context) =>
        data.IsSingleSegment ? Strict.GetString(data.FirstSpan) : Strict.GetString(data);
}

/// <summary>36 characters such as <c>123e4567-e89b-12d3-a456-426614174000</c>, the format of Kafka's UUIDSerializer.</summary>
internal sealed class GuidSerde : ISerializer<Guid>, IDeserializer<Guid>
{
    private const int Characters = 36;

    public void Serialize(Guid value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        Utf8Formatter.TryFormat(value, destination.GetSpan(Characters), out var written, 'D');
        destination.Advance(written);
    }

    public Guid Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        Span<byte> text = stackalloc byte[Characters];
        if (data.Length == Characters)
        {
            data.CopyTo(text);
            if (Utf8Parser.TryParse(text, out Guid value, out var read, 'D') && read == Characters)
            {
                return value;
            }
        }

        throw new FormatException("A Guid is 36 characters of text with hyphens.");
    }
}
