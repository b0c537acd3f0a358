using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>
/// Holds one record's bytes between the serializers and the batch: the key, the value, then the keys of the headers. Each thread caches one
/// for its next record; if a serializer itself produces a record, the cache is empty and another one is created.
/// </summary>
internal sealed class RecordScratch : IBufferWriter<byte>
{
    private const int FirstCapacity = 1024;
    private const int LargestKept = 1024 * 1024;

    [ThreadStatic]
    private static RecordScratch? _spare;

    private readonly List<KeyValuePair<string, string>> _context = [];
    private byte[] _buffer = new byte[FirstCapacity];
    private int _written;
    private int _keyLength;
    private int _valueLength;
    private RecordHeader[] _headers = [];
    private int _headersCount;
    private bool _keyIsNull;
    private bool _valueIsNull;

    private RecordScratch()
    {
    }

    /// <summary>The record to append.</summary>
    public ProducerRecord Record
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Timestamp, Key, _keyIsNull, _buffer.AsSpan(_keyLength, _valueLength), _valueIsNull, _headers.AsSpan(0, _headersCount));
    }

    public bool KeyIsNull => _keyIsNull;

    public ReadOnlySpan<byte> Key => _buffer.AsSpan(0, _keyLength);

    public int HeadersCount => _headersCount;

    public Timestamp Timestamp { get; set; }

    /// <summary>The total size of key, value and headers, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The buffer memory that the record needs, in bytes.</summary>
    public long ReservedBytes => ProducerRecord.Reserve(Bytes, _headersCount);

    public static RecordScratch Rent()
    {
        var scratch = _spare ?? new RecordScratch();
        _spare = null;
        return scratch;
    }

    public void Return()
    {
        _written = 0;
        _headers.AsSpan(0, _headersCount).Clear();
        _headersCount = 0;
        _context.Clear();
        if (_buffer.Length <= LargestKept)
        {
            _spare = this;
        }
    }

    public void EndKey(bool isNull) => (_keyIsNull, _keyLength) = (isNull, _written);

    public void EndValue(bool isNull)
    {
        (_valueIsNull, _valueLength) = (isNull, _written - _keyLength);
        Bytes = _written;
    }

    /// <summary>Takes over the headers, and the trace that <paramref name="activity"/> belongs to unless they name one already.</summary>
    public void AddHeaders(Headers? headers, Activity? activity)
    {
        if (activity is not null && (headers is null || !headers.TryGetLast("traceparent", out _)))
        {
            DistributedContextPropagator.Current.Inject(
                activity,
                _context,
                static (context, name, value) => ((List<KeyValuePair<string, string>>)context!).Add(KeyValuePair.Create(name, value)));
        }

        var userCount = headers?.Count ?? 0;
        if (userCount + _context.Count == 0)
        {
            return;
        }

        // Reserve all space first, because the headers refer to the buffer, which must not move.
        var room = 0;
        for (var i = 0; i < userCount; i++)
        {
            room += Encoding.UTF8.GetByteCount(headers![i].Key);
        }

        foreach (var (name, _) in _context)
        {
            room += Encoding.UTF8.GetByteCount(name);
        }

        EnsureRoom(room);
        if (_headers.Length < userCount + _context.Count)
        {
            _headers = new RecordHeader[userCount + _context.Count];
        }

        for (var i = 0; i < userCount; i++)
        {
            var header = headers![i];
            AddHeader(header.Key, header.Value ?? default, header.Value is null);
        }

        foreach (var (name, value) in _context)
        {
            if (headers is null || !headers.TryGetLast(name, out _))
            {
                AddHeader(name, Encoding.UTF8.GetBytes(value), false);
            }
        }
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _written);
        _written += count;
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        EnsureRoom(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_written);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        EnsureRoom(Math.Max(1, sizeHint));
        return _buffer.AsSpan(_written);
    }

    private void AddHeader(string name, ReadOnlyMemory<byte> value, bool valueIsNull)
    {
        var length = Encoding.UTF8.GetBytes(name, _buffer.AsSpan(_written));
        _headers[_headersCount++] = new RecordHeader(_buffer.AsMemory(_written, length), value, valueIsNull);
        _written += length;
        Bytes += length + value.Length;
    }

    private void EnsureRoom(int room)
    {
        if (_buffer.Length - _written < room)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(2L * _buffer.Length, (long)_written + room)));
        }
    }
}
