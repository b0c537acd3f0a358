namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// The record batches of one partition, as they are on the wire, never decoded here. What was read is a slice of its frame and keeps it alive; what is written may
/// lie in several pieces, whose owner does not change them before the frame is sent. The default is no records, which is not null.
/// </summary>
public readonly struct RecordBytes
{
    private readonly ReadOnlyMemory<byte>[]? _pieces;
    private readonly ReadOnlyMemory<byte> _whole;

    /// <summary>Records in one piece.</summary>
    public RecordBytes(ReadOnlyMemory<byte> whole)
    {
        _whole = whole;
    }

    /// <summary>Records in several pieces, in their order.</summary>
    public RecordBytes(params ReadOnlyMemory<byte>[] pieces)
    {
        _pieces = pieces;
    }

    private RecordBytes(bool isNull)
    {
        IsNull = isNull;
    }

    /// <summary>The field's null.</summary>
    public static RecordBytes Null { get; } = new(isNull: true);

    /// <summary>Whether the field is null; it then has no bytes.</summary>
    public bool IsNull { get; }

    /// <summary>The bytes of all pieces.</summary>
    public long Length
    {
        get
        {
            long length = _whole.Length;
            foreach (var piece in _pieces ?? [])
            {
                length += piece.Length;
            }

            return length;
        }
    }

    /// <summary>The bytes in one piece; copies them if they lie in several.</summary>
    public ReadOnlyMemory<byte> ToMemory()
    {
        switch (_pieces)
        {
            case null:
                return _whole;
            case [var only]:
                return only;
            default:
                var joined = new byte[Length];
                var position = 0;
                foreach (var piece in _pieces)
                {
                    piece.CopyTo(joined.AsMemory(position));
                    position += piece.Length;
                }

                return joined;
        }
    }

    internal void WriteTo(ref KafkaWriter writer)
    {
        writer.WriteAttached(_whole);
        foreach (var piece in _pieces ?? [])
        {
            writer.WriteAttached(piece);
        }
    }
}
