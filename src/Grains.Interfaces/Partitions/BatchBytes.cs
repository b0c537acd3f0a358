using System.Buffers;
using System.Collections;
using System.Runtime.CompilerServices;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>
/// Pieces whose concatenation consists of whole batches. A type of its own because Orleans 10.4.2 writes the elements of an array of memory byte by
/// byte, each with a header.
/// </summary>
/// <param name="pieces">The pieces; not modified afterwards.</param>
[CollectionBuilder(typeof(BatchBytes), nameof(Create))]
public readonly struct BatchBytes(ReadOnlyMemory<byte>[] pieces) : IEnumerable<ReadOnlyMemory<byte>>, IEquatable<BatchBytes>
{
    private readonly ReadOnlyMemory<byte>[]? _pieces = pieces;

    /// <summary>The pieces.</summary>
    public ReadOnlyMemory<byte>[] Pieces => _pieces ?? [];

    /// <summary>Makes a value of some pieces.</summary>
    public static BatchBytes Create(ReadOnlySpan<ReadOnlyMemory<byte>> pieces) => new(pieces.ToArray());

    /// <summary>The same pieces.</summary>
    public static implicit operator BatchBytes(ReadOnlyMemory<byte>[] pieces) => new(pieces);

    /// <summary>Whether both are the same pieces of memory.</summary>
    public static bool operator ==(BatchBytes left, BatchBytes right) => left.Equals(right);

    /// <summary>Whether they are different pieces of memory.</summary>
    public static bool operator !=(BatchBytes left, BatchBytes right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(BatchBytes other) => Pieces.AsSpan().SequenceEqual(other.Pieces);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BatchBytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Pieces.Length;

    /// <inheritdoc/>
    public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator() => Pieces.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Which form <see cref="BatchBytes"/> are written in. Both are read.</summary>
public sealed class BatchBytesForm
{
    private volatile bool _isPlain;

    /// <summary>
    /// Whether the bytes follow each other; otherwise the form is that of an array, for processes of versions that read no other. True by default.
    /// </summary>
    public bool IsCompact
    {
        get => !_isPlain;
        set => _isPlain = !value;
    }
}

/// <summary>
/// Writes <see cref="BatchBytes"/>. The compact form is a field with a length: the number of pieces, then each with its length, in 32 bits; small pieces share
/// an array when they are read.
/// </summary>
/// <param name="form">The form; compact by default.</param>
[RegisterSerializer]
public sealed class BatchBytesCodec(BatchBytesForm? form = null) : IFieldCodec<BatchBytes>
{
    private const int PrefixBytes = sizeof(uint);

    // A piece of a few bytes precedes each batch.
    private const int SharedBytes = 4_096;

    private static readonly ArrayCodec<ReadOnlyMemory<byte>> ArrayForm = new(new ReadOnlyMemoryCodec<byte>(new ByteCodec()));

    /// <inheritdoc/>
    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, BatchBytes value)
        where TBufferWriter : IBufferWriter<byte>
    {
        var pieces = value.Pieces;
        if (form is { IsCompact: false })
        {
            ArrayForm.WriteField(ref writer, fieldIdDelta, typeof(ReadOnlyMemory<byte>[]), pieces);
            return;
        }

        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType, typeof(BatchBytes), WireType.LengthPrefixed);
        var length = PrefixBytes;
        foreach (var piece in pieces)
        {
            length = checked(length + PrefixBytes + piece.Length);
        }

        writer.WriteVarUInt32((uint)length);
        writer.WriteUInt32((uint)pieces.Length);
        foreach (var piece in pieces)
        {
            writer.WriteUInt32((uint)piece.Length);
            writer.Write(piece.Span);
        }
    }

    /// <inheritdoc/>
    public BatchBytes ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        if (field.WireType != WireType.LengthPrefixed)
        {
            return ArrayForm.ReadValue(ref reader, field) ?? [];
        }

        ReferenceCodec.MarkValueField(reader.Session);
        var left = reader.ReadVarUInt32();
        reader.EnsureAvailable(left);
        var count = left < PrefixBytes ? throw Invalid() : reader.ReadUInt32();
        left -= PrefixBytes;
        var pieces = count > left / PrefixBytes ? throw Invalid() : new ReadOnlyMemory<byte>[count];
        var (shared, used) = (Array.Empty<byte>(), 0);
        for (var i = 0; i < pieces.Length; i++)
        {
            var size = left < PrefixBytes ? throw Invalid() : reader.ReadUInt32();
            left -= PrefixBytes;
            if (size > left)
            {
                throw Invalid();
            }

            if (size > shared.Length - used)
            {
                (shared, used) = (GC.AllocateUninitializedArray<byte>((int)Math.Max(size, Math.Min(left, SharedBytes))), 0);
            }

            reader.ReadBytes(shared.AsSpan(used, (int)size));
            pieces[i] = shared.AsMemory(used, (int)size);
            used += (int)size;
            left -= size;
        }

        return left == 0 ? new BatchBytes(pieces) : throw Invalid();
    }

    private static InvalidDataException Invalid() => new("The bytes of batches do not fit their lengths.");
}

/// <summary>Copies nothing: the bytes are not modified.</summary>
[RegisterCopier]
public sealed class BatchBytesCopier : IDeepCopier<BatchBytes>, IOptionalDeepCopier
{
    /// <inheritdoc/>
    public BatchBytes DeepCopy(BatchBytes input, CopyContext context) => input;

    /// <inheritdoc/>
    public bool IsShallowCopyable() => true;
}
