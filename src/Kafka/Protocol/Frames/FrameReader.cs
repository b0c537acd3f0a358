using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Protocol.Frames;

/// <summary>
/// Takes frames from what a peer sends: the length first, so that the caller can admit it before anything is allocated, then the frame into one array of
/// exactly that size. All bytes are taken as they arrive, so a peer that stalls holds no memory of the pipe. One reader at a time.
/// </summary>
/// <param name="input">What the peer sends.</param>
/// <param name="maximumBytes">The largest length that is accepted.</param>
public sealed class FrameReader(PipeReader input, int maximumBytes = KafkaLimits.RequestBytes)
{
    private const int TlsHandshake = 0x16;

    private readonly byte[] _length = new byte[sizeof(int)];
    private int _lengthBytes;

    /// <summary>Waits for the next frame.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>The bytes of the frame that follow; −1 if the peer has ended between two frames.</returns>
    /// <exception cref="MalformedMessageException">The length is out of bounds, or the peer ended within it.</exception>
    public async ValueTask<int> ReadLengthAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancellation).ConfigureAwait(false);
            var part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, sizeof(int) - _lengthBytes));
            part.CopyTo(_length.AsSpan(_lengthBytes));
            _lengthBytes += (int)part.Length;
            input.AdvanceTo(part.End);
            if (_lengthBytes == sizeof(int))
            {
                _lengthBytes = 0;
                var length = BinaryPrimitives.ReadInt32BigEndian(_length);
                Check(length);
                return length;
            }

            cancellation.ThrowIfCancellationRequested();
            if (result.IsCompleted)
            {
                return _lengthBytes == 0 ? -1 : throw new MalformedMessageException(MalformedReason.Truncated, 0);
            }
        }
    }

    /// <summary>Reads the frame whose length was read last.</summary>
    /// <param name="length">That length.</param>
    /// <param name="cancellation">Stops waiting; the rest of the input is then of no use.</param>
    /// <exception cref="MalformedMessageException">The peer ended within the frame.</exception>
    public async ValueTask<byte[]> ReadFrameAsync(int length, CancellationToken cancellation)
    {
        var frame = GC.AllocateUninitializedArray<byte>(length);
        var filled = 0;
        while (filled < length)
        {
            var result = await input.ReadAsync(cancellation).ConfigureAwait(false);
            var part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, length - filled));
            part.CopyTo(frame.AsSpan(filled));
            filled += (int)part.Length;
            input.AdvanceTo(part.End);
            cancellation.ThrowIfCancellationRequested();
            if (result.IsCompleted && part.Length == 0)
            {
                throw new MalformedMessageException(MalformedReason.Truncated, filled, $"of {length} bytes");
            }
        }

        return frame;
    }

    private void Check(int length)
    {
        if (length >= 0 && length <= maximumBytes)
        {
            return;
        }

        var detail = (length >> 24, length) switch
        {
            (TlsHandshake, _) => "a TLS handshake",
            (_, 0x47455420) => "an HTTP GET",
            (_, 0x504F5354) => "an HTTP POST",
            _ => $"{length} bytes",
        };
        throw new MalformedMessageException(MalformedReason.FrameLength, 0, detail);
    }
}
