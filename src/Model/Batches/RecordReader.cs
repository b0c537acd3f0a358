namespace Loire.Model.Batches;

/// <summary>
/// Goes through the records of a batch. Nothing in them is trusted: every length is checked against the bytes that are left, and reading ends
/// at the first record that does not fit.
/// </summary>
public ref struct RecordReader
{
    private readonly RecordBatch _batch;
    private ReadOnlySpan<byte> _rest;
    private int _left;
    private Record _current;

    /// <summary>Starts before the first record.</summary>
    /// <param name="batch">The batch, for its base offset, base timestamp and count.</param>
    /// <param name="records">Its payload, decompressed.</param>
    public RecordReader(RecordBatch batch, ReadOnlySpan<byte> records)
    {
        _batch = batch;
        _rest = records;
        _left = batch.RecordCount;
    }

    /// <summary>The record reached by <see cref="MoveNext"/>.</summary>
    public readonly Record Current => _current;

    /// <summary>
    /// After <see cref="MoveNext"/> returned false: <see cref="ErrorCode.None"/> if the batch held what it stated, else <see cref="ErrorCode.InvalidRecord"/>.
    /// </summary>
    public ErrorCode Error { get; private set; }

    /// <summary>Goes to the next record. False at the end, and at the first record that is not well-formed: then <see cref="Error"/> is set.</summary>
    public bool MoveNext()
    {
        if (Error != ErrorCode.None)
        {
            return false;
        }

        if (_left <= 0)
        {
            Error = _left < 0 || _rest.Length > 0 ? ErrorCode.InvalidRecord : ErrorCode.None;
            return false;
        }

        _left--;
        if (!TryReadRecord())
        {
            Error = ErrorCode.InvalidRecord;
            return false;
        }

        return true;
    }

    private bool TryReadRecord()
    {
        if (!Varint.TryRead(ref _rest, out int length) || length < 0 || length > _rest.Length)
        {
            return false;
        }

        var body = _rest[..length];
        _rest = _rest[length..];
        if (body.IsEmpty)
        {
            return false;
        }

        body = body[1..];
        if (!Varint.TryRead(ref body, out long timestampDelta)
            || !Varint.TryRead(ref body, out int offsetDelta)
            || !Varint.TryReadBytes(ref body, out var key, out var keyIsNull)
            || !Varint.TryReadBytes(ref body, out var value, out var valueIsNull)
            || !Varint.TryRead(ref body, out int headerCount)
            || headerCount < 0 || headerCount > Limits.HeadersPerRecord)
        {
            return false;
        }

        var headers = body;
        for (var i = 0; i < headerCount; i++)
        {
            if (!Varint.TryReadBytes(ref body, out _, out var nameIsNull) || nameIsNull || !Varint.TryReadBytes(ref body, out _, out _))
            {
                return false;
            }
        }

        var timestamp = _batch.TimestampType == TimestampType.LogAppendTime
            ? _batch.MaxTimestamp
            : new Timestamp(_batch.BaseTimestamp.Milliseconds + timestampDelta);
        _current = new Record(_batch.BaseOffset + offsetDelta, timestamp, key, keyIsNull, value, valueIsNull, new RecordHeaders(headers, headerCount));
        return body.IsEmpty;
    }
}
