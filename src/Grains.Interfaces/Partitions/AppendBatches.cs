using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>
/// Record batches in their order, in pieces of which each has whole batches, so that what came in several frames need not be copied into one array. On the way to
/// another process they are one piece.
/// </summary>
public readonly struct AppendBatches : IEquatable<AppendBatches>
{
    private readonly ReadOnlyMemory<byte> _only;
    private readonly ReadOnlyMemory<byte>[]? _pieces;

    /// <summary>Makes a value of one piece.</summary>
    /// <param name="bytes">One or more concatenated batches; not modified afterwards.</param>
    public AppendBatches(ReadOnlyMemory<byte> bytes) => (_only, Length) = (bytes, bytes.Length);

    /// <summary>Makes a value of some pieces.</summary>
    /// <param name="pieces">Each has one or more concatenated batches; neither the array nor its pieces are modified afterwards.</param>
    /// <exception cref="OverflowException">The pieces have more than <see cref="int.MaxValue"/> bytes.</exception>
    public AppendBatches(ReadOnlyMemory<byte>[] pieces)
    {
        foreach (var piece in pieces)
        {
            Length = checked(Length + piece.Length);
        }

        _only = pieces.Length == 1 ? pieces[0] : default;
        _pieces = pieces.Length == 1 ? null : pieces;
    }

    /// <summary>The number of bytes.</summary>
    public int Length { get; }

    /// <summary>Whether there is no byte.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The pieces.</summary>
    [UnscopedRef]
    public ReadOnlySpan<ReadOnlyMemory<byte>> Pieces => _pieces is null ? new ReadOnlySpan<ReadOnlyMemory<byte>>(in _only) : _pieces;

    /// <summary>The first piece: with anything at all, it begins with the header of the first batch.</summary>
    public ReadOnlySpan<byte> First => _pieces is null ? _only.Span : _pieces is [var first, ..] ? first.Span : default;

    /// <summary>One piece.</summary>
    public static implicit operator AppendBatches(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>One piece.</summary>
    public static implicit operator AppendBatches(byte[] bytes) => new(bytes.AsMemory());

    /// <summary>Whether both are the same pieces of memory.</summary>
    public static bool operator ==(AppendBatches left, AppendBatches right) => left.Equals(right);

    /// <summary>Whether they are different pieces of memory.</summary>
    public static bool operator !=(AppendBatches left, AppendBatches right) => !left.Equals(right);

    /// <summary>A part that begins and ends between batches.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="length">The number of bytes.</param>
    public AppendBatches Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - start);
        if (_pieces is null)
        {
            return new(_only.Slice(start, length));
        }

        List<ReadOnlyMemory<byte>> parts = new(_pieces.Length);
        foreach (var piece in _pieces)
        {
            var part = piece[Math.Min(start, piece.Length)..];
            start -= piece.Length - part.Length;
            part = part[..Math.Min(length, part.Length)];
            length -= part.Length;
            if (!part.IsEmpty)
            {
                parts.Add(part);
            }
        }

        return new([.. parts]);
    }

    /// <summary>All bytes in one piece, copied unless they are in one.</summary>
    public ReadOnlyMemory<byte> Join()
    {
        if (_pieces is null)
        {
            return _only;
        }

        var joined = GC.AllocateUninitializedArray<byte>(Length);
        var rest = joined.AsSpan();
        foreach (var piece in _pieces)
        {
            piece.Span.CopyTo(rest);
            rest = rest[piece.Length..];
        }

        return joined;
    }

    /// <inheritdoc/>
    public bool Equals(AppendBatches other) => Pieces.SequenceEqual(other.Pieces);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AppendBatches other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Length;
}

/// <summary>Writes <see cref="AppendBatches"/> as memory of bytes is written, which the field had as its type before.</summary>
[RegisterSerializer]
public sealed class AppendBatchesCodec : IFieldCodec<AppendBatches>
{
    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, AppendBatches value)
        where TBufferWriter : IBufferWriter<byte>
    {
        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType, typeof(AppendBatches), WireType.LengthPrefixed);
        writer.WriteVarUInt32((uint)value.Length);
        foreach (var piece in value.Pieces)
        {
            writer.Write(piece.Span);
        }
    }

    /// <inheritdoc/>
    public AppendBatches ReadValue<TInput>(ref Reader<TInput> reader, Field field) => new ReadOnlyMemory<byte>(ReadOnlyMemoryOfByteCodec.ReadValue(ref reader, field));
}

/// <summary>Copies nothing: the bytes are not modified.</summary>
[RegisterCopier]
public sealed class AppendBatchesCopier : IDeepCopier<AppendBatches>, IOptionalDeepCopier
{
    /// <inheritdoc/>
    public AppendBatches DeepCopy(AppendBatches input, CopyContext context) => input;

    /// <inheritdoc/>
    public bool IsShallowCopyable() => true;
}
