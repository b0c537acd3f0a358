using System.Buffers;
using System.Runtime.InteropServices;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>What a writer has written: a pooled array, and the pieces that belong between its bytes.</summary>
internal readonly struct OutgoingBuffer(byte[] buffer, int length, List<Attachment>? attachments)
{
    /// <summary>All bytes.</summary>
    public long Length
    {
        get
        {
            long total = length;
            foreach (var attachment in CollectionsMarshal.AsSpan(attachments))
            {
                total += attachment.Bytes.Length;
            }

            return total;
        }
    }

    /// <summary>Appends all bytes in their order.</summary>
    public void CopyTo(IBufferWriter<byte> target)
    {
        var written = 0;
        foreach (var attachment in CollectionsMarshal.AsSpan(attachments))
        {
            target.Write(buffer.AsSpan(written, attachment.Position - written));
            target.Write(attachment.Bytes.Span);
            written = attachment.Position;
        }

        target.Write(buffer.AsSpan(written, length - written));
    }

    /// <summary>Returns the array to the pool, once.</summary>
    public void Release() => ArrayPool<byte>.Shared.Return(buffer);
}

/// <summary>Bytes that are sent from where they lie.</summary>
/// <param name="Position">The bytes of the writer's array that go before.</param>
/// <param name="Bytes">The bytes.</param>
internal readonly record struct Attachment(int Position, ReadOnlyMemory<byte> Bytes);
