namespace Loire.Model.Batches;

/// <summary>A view over one record.</summary>
public readonly ref struct Record
{
    internal Record(Offset offset, Timestamp timestamp, ReadOnlySpan<byte> key, bool keyIsNull, ReadOnlySpan<byte> value, bool valueIsNull,
        RecordHeaders headers)
    {
        Offset = offset;
        Timestamp = timestamp;
        Key = key;
        KeyIsNull = keyIsNull;
        Value = value;
        ValueIsNull = valueIsNull;
        Headers = headers;
    }

    /// <summary>The record's position.</summary>
    public Offset Offset { get; }

    /// <summary>The record's own time, or the broker's if the batch says <see cref="TimestampType.LogAppendTime"/>.</summary>
    public Timestamp Timestamp { get; }

    /// <summary>The key; also empty if there is none.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>Whether there is no key.</summary>
    public bool KeyIsNull { get; }

    /// <summary>The value; also empty if there is none.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Whether there is no value (a tombstone in a compacted topic).</summary>
    public bool ValueIsNull { get; }

    /// <summary>The headers in order; <c>foreach</c> yields each as a view.</summary>
    public RecordHeaders Headers { get; }

    /// <summary>The size of the key, the value, and the headers' keys and values, in bytes.</summary>
    public int Size
    {
        get
        {
            var size = Key.Length + Value.Length;
            foreach (var header in Headers)
            {
                size += header.Key.Length + header.Value.Length;
            }

            return size;
        }
    }
}

/// <summary>A view over the headers of one record.</summary>
public readonly ref struct RecordHeaders
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal RecordHeaders(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        Count = count;
    }

    /// <summary>The number of headers.</summary>
    public int Count { get; }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Enumerates the headers.</summary>
    public Enumerator GetEnumerator() => new(_bytes, Count);

    /// <summary>A view over one header.</summary>
    public readonly ref struct Header
    {
        internal Header(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool valueIsNull)
        {
            Key = key;
            Value = value;
            ValueIsNull = valueIsNull;
        }

        /// <summary>The key, UTF-8 by convention.</summary>
        public ReadOnlySpan<byte> Key { get; }

        /// <summary>The value; also empty if there is none.</summary>
        public ReadOnlySpan<byte> Value { get; }

        /// <summary>Whether there is no value.</summary>
        public bool ValueIsNull { get; }
    }

    /// <summary>Enumerates headers whose bytes have been validated.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;
        private int _left;

        internal Enumerator(ReadOnlySpan<byte> bytes, int count)
        {
            _rest = bytes;
            _left = count;
        }

        /// <summary>The current header.</summary>
        public Header Current { get; private set; }

        /// <summary>Advances to the next header; false at the end.</summary>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            Varint.TryReadBytes(ref _rest, out var key, out _);
            Varint.TryReadBytes(ref _rest, out var value, out var isNull);
            Current = new Header(key, value, isNull);
            return true;
        }
    }
}
