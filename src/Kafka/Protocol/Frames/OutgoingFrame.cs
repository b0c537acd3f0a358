using System.Buffers;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Protocol.Frames;

/// <summary>
/// A frame that is ready to be sent, its length first: one pooled array, and references to large records that lie elsewhere. Disposed of exactly once, after it was
/// copied out.
/// </summary>
public readonly struct OutgoingFrame : IDisposable
{
    private readonly OutgoingBuffer _buffer;

    private OutgoingFrame(OutgoingBuffer buffer)
    {
        _buffer = buffer;
    }

    /// <summary>The bytes of the frame, its length of four bytes included.</summary>
    public long Length => _buffer.Length;

    /// <summary>Encodes the answer to a request.</summary>
    /// <param name="request">The header of the request. ApiVersions in a version that is not served is answered with <c>header with { Version = 0 }</c>.</param>
    /// <param name="body">The answer, of the request's API.</param>
    /// <exception cref="InvalidOperationException">The answer cannot be expressed in the version (<see cref="IKafkaMessage.Write"/>).</exception>
    public static OutgoingFrame Response(in RequestHeader request, IKafkaMessage body)
    {
        var writer = new KafkaWriter();
        try
        {
            writer.BeginFrame();
            writer.WriteInt32(request.CorrelationId);
            if (request.Api.ResponseHeaderVersion(request.Version) >= 1)
            {
                writer.WriteVarint(0);
            }

            body.Write(ref writer, request.Version);
            return new OutgoingFrame(writer.EndFrame());
        }
        catch
        {
            writer.Abandon();
            throw;
        }
    }

    /// <summary>Encodes a request.</summary>
    /// <param name="header">The header, which says the version.</param>
    /// <param name="body">The request, of the header's API.</param>
    /// <exception cref="InvalidOperationException">The request cannot be expressed in the version (<see cref="IKafkaMessage.Write"/>).</exception>
    public static OutgoingFrame Request(in RequestHeader header, IKafkaMessage body)
    {
        var writer = new KafkaWriter();
        try
        {
            writer.BeginFrame();
            header.Write(ref writer);
            body.Write(ref writer, header.Version);
            return new OutgoingFrame(writer.EndFrame());
        }
        catch
        {
            writer.Abandon();
            throw;
        }
    }

    /// <summary>Appends the frame to what is sent.</summary>
    public void CopyTo(IBufferWriter<byte> target) => _buffer.CopyTo(target);

    /// <summary>The whole frame in an array of its own.</summary>
    public byte[] ToArray()
    {
        var copy = new ArrayBufferWriter<byte>((int)Length);
        CopyTo(copy);
        return copy.WrittenSpan.ToArray();
    }

    /// <summary>Returns the array to the pool.</summary>
    public void Dispose() => _buffer.Release();
}
