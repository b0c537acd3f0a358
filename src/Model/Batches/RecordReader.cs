namespace Loire.Model.Batches;

/// <summary>
/// Decodes the records of a batch in sequence, without allocating. The input is not trusted: every length and count is checked against the
/// remaining bytes, and reading ends at the first malformed record.
/// </summary>
public ref struct RecordReader
{
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly bool _isLogAppendTime;
    private readonly int _lastOffsetDelta;
    private readonly int _length;
    private readonly int _count;
    private ReadOnlySpan<byte> _rest;
    private int _left;
    private int _previousDelta = -1;
    private Record _current;

    /// <summary>Starts before the first record.</summary>
    /// <param name="batch">The batch, whose header describes the records.</param>
    /// <param name="records">Its payload, decompressed.</param>
    public RecordReader(RecordBatch batch, ReadOnlySpan<byte> records)
    {
        _baseOffset = batch.BaseOffset.Value;
        _isLogAppendTime = batch.TimestampType == TimestampType.LogAppendTime;
        _baseTimestamp = (_isLogAppendTime ? batch.MaxTimestamp : batch.BaseTimestamp).Milliseconds;
        _lastOffsetDelta = batch.LastOffsetDelta;
        _left = _count = batch.RecordCount;
        _length = records.Length;
        _rest = records;
    }

    /// <summary>Continues at the position of another reader of the same batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed.</param>
    /// <param name="from">The other reader's <see cref="Position"/>.</param>
    public RecordReader(RecordBatch batch, ReadOnlySpan<byte> records, RecordPosition from)
        : this(batch, records) => MoveTo(from);

    /// <summary>Starts before the first record of a slice, or continues at the position of another reader of it.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="from">The other reader's <see cref="Position"/>; the start by default.</param>
    public RecordReader(RecordSlice slice, RecordPosition from = default)
    {
        _baseOffset = slice.BaseOffset.Value;
        _baseTimestamp = slice.BaseTimestamp.Milliseconds;
        _isLogAppendTime = slice.TimestampType == TimestampType.LogAppendTime;
        _lastOffsetDelta = (int)(slice.LastOffset - slice.BaseOffset);
        _left = _count = slice.Count;
        _length = slice.Records.Length;
        _rest = slice.Records.Span;
        MoveTo(from);
    }

    /// <summary>The position after the records read so far.</summary>
    public readonly RecordPosition Position => new(_length - _rest.Length, _count - _left, _previousDelta + 1);

    /// <summary>The current record.</summary>
    public readonly Record Current => _current;

    /// <summary>
    /// After <see cref="MoveNext"/> returned false: <see cref="ErrorCode.None"/> if the records match the batch's header, otherwise
    /// <see cref="ErrorCode.InvalidRecord"/>.
    /// </summary>
    public ErrorCode Error { get; private set; }

    /// <summary>
    /// Checks that the records are well-formed and match the batch's header, so that an unreadable batch from a client can be refused
    /// instead of stored.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its payload, decompressed.</param>
    /// <returns><see cref="ErrorCode.None"/> or <see cref="ErrorCode.InvalidRecord"/>.</returns>
    public static ErrorCode Check(RecordBatch batch, ReadOnlySpan<byte> records)
    {
        var reader = new RecordReader(batch, records);
        while (reader.MoveNext())
        {
        }

        return reader.Error;
    }

    /// <summary>
    /// Advances to the next record. False at the end and at the first malformed record, which sets <see cref="Error"/>.
    /// </summary>
    public bool MoveNext()
    {
        if (Error != ErrorCode.None)
        {
            return false;
        }

        if (_left == 0)
        {
            Error = _rest.IsEmpty ? ErrorCode.None : ErrorCode.InvalidRecord;
            return false;
        }

        _left--;
        if (!TryReadRecord())
        {
            _current = default;
            Error = ErrorCode.InvalidRecord;
            return false;
        }

        return true;
    }

    private void MoveTo(RecordPosition position)
    {
        _rest = _rest[position.Bytes..];
        _left -= position.Records;
        _previousDelta = position.NextDelta - 1;
    }

    private bool TryReadRecord()
    {
        if (!Varint.TryRead(ref _rest, out int length) || length < 1 || length > _rest.Length)
        {
            return false;
        }

        // The first byte is the record's attributes, which are unused.
        var body = _rest[1..length];
        _rest = _rest[length..];
        if (!Varint.TryRead(ref body, out long timestampDelta)
            || !Varint.TryRead(ref body, out int offsetDelta)
            || !Varint.TryReadBytes(ref body, out var key, out var keyIsNull)
            || !Varint.TryReadBytes(ref body, out var value, out var valueIsNull)
            || !Varint.TryRead(ref body, out int headerCount)
            || !TrySkipHeaders(body, headerCount)
            || !TryAddTimestamp(timestampDelta, out var timestamp))
        {
            return false;
        }

        if (offsetDelta <= _previousDelta || offsetDelta > _lastOffsetDelta)
        {
            return false;
        }

        _previousDelta = offsetDelta;
        _current = new Record(
            new Offset(_baseOffset + offsetDelta), timestamp, key, keyIsNull, value, valueIsNull, new RecordHeaders(body, headerCount));
        return true;
    }

    /// <summary>
    /// Whether <paramref name="body"/> is exactly <paramref name="count"/> headers. An excessive count fails as soon as the bytes run out.
    /// </summary>
    private static bool TrySkipHeaders(ReadOnlySpan<byte> body, int count)
    {
        for (; count > 0; count--)
        {
            if (!Varint.TryReadBytes(ref body, out _, out var keyIsNull) || keyIsNull || !Varint.TryReadBytes(ref body, out _, out _))
            {
                return false;
            }
        }

        return count == 0 && body.IsEmpty;
    }

    /// <summary>Wraps around like the builder's subtraction, so that any two timestamps fit one batch.</summary>
    private readonly bool TryAddTimestamp(long delta, out Timestamp timestamp)
    {
        timestamp = new Timestamp(_isLogAppendTime ? _baseTimestamp : unchecked(_baseTimestamp + delta));
        return timestamp >= Timestamp.None;
    }
}

/// <summary>
/// The position of a <see cref="RecordReader"/> in its batch, from which another reader can continue: a reader itself, a ref struct, cannot
/// outlive a synchronous step. The default is the start.
/// </summary>
public readonly record struct RecordPosition
{
    internal RecordPosition(int bytes, int records, int nextDelta) => (Bytes, Records, NextDelta) = (bytes, records, nextDelta);

    internal int Bytes { get; }

    internal int Records { get; }

    internal int NextDelta { get; }
}
