using System.Buffers.Binary;
using System.Collections.Concurrent;
using Avro;
using Loire.Model;

namespace Loire.Client.Avro;

/// <summary>
/// Confluent's wire format. The key is the schema's id.
/// <code>
/// 00 | id, 4 bytes big-endian | value
/// </code>
/// </summary>
internal sealed class ConfluentFrame(Schema own, ISchemaIds ids) : Frame
{
    private readonly ConcurrentDictionary<(TopicName Topic, MessageComponent Component), int> _own = [];

    public override int Size => 1 + sizeof(int);

    public override ValueTask<ulong> OwnKeyAsync(SerializationContext context, CancellationToken cancellation) =>
        _own.TryGetValue((context.Topic, context.Component), out var id)
            ? ValueTask.FromResult((ulong)(uint)id)
            : RegisterAsync(context, cancellation);

    public override ValueTask<Schema?> FindAsync(ulong key, CancellationToken cancellation) => ids.FindAsync((int)key, cancellation);

    public override string Describe(ulong key) => $"id {(int)key}";

    protected override void WriteHeader(Span<byte> header, ulong key)
    {
        header[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], (int)key);
    }

    protected override ulong ReadHeader(ReadOnlySpan<byte> header) => header[0] == 0
        ? BinaryPrimitives.ReadUInt32BigEndian(header[1..])
        : throw new AvroDataException($"The data begins with {header[0]:X2}, not with the magic byte 00 of Confluent's wire format.");

    private async ValueTask<ulong> RegisterAsync(SerializationContext context, CancellationToken cancellation)
    {
        var subject = $"{context.Topic}-{(context.Component == MessageComponent.Key ? "key" : "value")}";
        var id = await ids.RegisterAsync(subject, own, cancellation).ConfigureAwait(false);
        _own[(context.Topic, context.Component)] = id;
        return (uint)id;
    }
}
