using System.Buffers.Binary;
using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// Single-object encoding. The key is the fingerprint.
/// <code>
/// C3 01 | fingerprint, 8 bytes little-endian | value
/// </code>
/// </summary>
internal sealed class SingleObjectFrame(Schema own, IAvroSchemas? schemas) : Frame
{
    private readonly AvroFingerprint _own = AvroFingerprint.Of(own);

    public override int Size => 2 + sizeof(ulong);

    public override ValueTask<ulong> OwnKeyAsync(SerializationContext context, CancellationToken cancellation) =>
        ValueTask.FromResult(_own.Value);

    public override ValueTask<Schema?> FindAsync(ulong key, CancellationToken cancellation) =>
        ValueTask.FromResult(key == _own.Value ? own : schemas?.Find(new AvroFingerprint(key)));

    public override string Describe(ulong key) => $"fingerprint {new AvroFingerprint(key)}";

    protected override void WriteHeader(Span<byte> header, ulong key)
    {
        (header[0], header[1]) = (0xC3, 0x01);
        BinaryPrimitives.WriteUInt64LittleEndian(header[2..], key);
    }

    protected override ulong ReadHeader(ReadOnlySpan<byte> header) => header is [0xC3, 0x01, ..]
        ? BinaryPrimitives.ReadUInt64LittleEndian(header[2..])
        : throw new AvroDataException($"The data begins with {header[0]:X2} {header[1]:X2}, not with C3 01 as in single-object encoding.");
}
