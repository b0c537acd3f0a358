using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Loire.Kafka.Benchmarks;

/// <summary>
/// A client that does nothing but move bytes, so that it is not what is measured: blocking calls, one thread that sends and one that receives.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer;
    private int _start;
    private int _end;

    private RawConnection(int bufferBytes) => _buffer = new byte[bufferBytes];

    /// <summary>Connects to a port of this machine.</summary>
    /// <param name="port">The port.</param>
    /// <param name="bufferBytes">What is received at once; the buffer grows to the largest answer.</param>
    public static RawConnection Connect(int port, int bufferBytes = 256 * 1024)
    {
        var connection = new RawConnection(bufferBytes);
        connection._socket.Connect(IPAddress.Loopback, port);
        return connection;
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        while (!frame.IsEmpty)
        {
            frame = frame[_socket.Send(frame)..];
        }
    }

    /// <summary>The next frame without its length; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Receive()
    {
        const int LengthBytes = sizeof(int);
        Fill(LengthBytes);
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        _start += LengthBytes;
        Fill(length);
        _start += length;
        return _buffer.AsMemory(_start - length, length);
    }

    /// <summary>Sends one request and waits for its answer.</summary>
    public ReadOnlyMemory<byte> Call(ReadOnlySpan<byte> frame)
    {
        Send(frame);
        return Receive();
    }

    /// <summary>Sends frames with so many of them under way at most, and checks each answer.</summary>
    public Task PipelineAsync(IReadOnlyList<byte[]> frames, int count, int underWay, Action<ReadOnlyMemory<byte>> check)
    {
        var room = new SemaphoreSlim(underWay);
        return Task.WhenAll(OnThread(SendAll), OnThread(ReceiveAll));

        void SendAll()
        {
            for (var i = 0; i < count; i++)
            {
                room.Wait();
                Send(frames[i % frames.Count]);
            }
        }

        void ReceiveAll()
        {
            for (var i = 0; i < count; i++)
            {
                check(Receive());
                room.Release();
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Runs on a thread of its own, since the calls of a connection block.</summary>
    public static Task OnThread(Action run) => Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Fill(int length)
    {
        if (_end - _start >= length)
        {
            return;
        }

        if (_buffer.Length - _start < length)
        {
            var to = length > _buffer.Length ? new byte[length + (length / 2)] : _buffer;
            _buffer.AsSpan(_start, _end - _start).CopyTo(to);
            (_buffer, _start, _end) = (to, 0, _end - _start);
        }

        while (_end - _start < length)
        {
            var read = _socket.Receive(_buffer.AsSpan(_end));
            if (read == 0)
            {
                throw new IOException("The node closed the connection.");
            }

            _end += read;
        }
    }
}
