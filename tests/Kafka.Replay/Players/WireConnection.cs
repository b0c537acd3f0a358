using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Replay.Players;

/// <summary>One socket. Requests leave in the order of the calls; a loop takes what comes and gives it to the request with the same correlation id.</summary>
internal sealed class WireConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly FrameReader _frames;
    private readonly Lock _sending = new();
    private readonly Lock _lock = new();
    private readonly List<PendingAnswer> _pending = [];
    private long _arrived;

    private WireConnection(Socket socket)
    {
        _socket = socket;
        _frames = new FrameReader(PipeReader.Create(new NetworkStream(socket, ownsSocket: false)));
    }

    /// <summary>Whether one of the two sides has ended it.</summary>
    public bool IsClosed { get; private set; }

    public static async Task<WireConnection> OpenAsync(IPEndPoint node)
    {
        var socket = new Socket(node.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(node);
        var connection = new WireConnection(socket);
        _ = connection.ReceiveAsync();
        return connection;
    }

    /// <summary>Sends bytes.</summary>
    /// <param name="bytes">The bytes, with the length of the frame.</param>
    /// <param name="answer">What waits for the answer.</param>
    public void Send(byte[] bytes, PendingAnswer answer)
    {
        // Not under the lock of the answers: a peer may read on only once some of its answers have been taken.
        lock (_sending)
        {
            lock (_lock)
            {
                if (IsClosed)
                {
                    answer.Arrive(null, ++_arrived);
                    return;
                }

                _pending.Add(answer);
            }

            try
            {
                _socket.Send(bytes);
            }
            catch (Exception end) when (end is SocketException or ObjectDisposedException)
            {
                lock (_lock)
                {
                    Close();
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Close();
        }

        // What was sent arrives before the end, as when a client's process ends in order.
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The broker has ended it already.
        }

        _socket.Dispose();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            for (var length = await _frames.ReadLengthAsync(default); length >= 0; length = await _frames.ReadLengthAsync(default))
            {
                var frame = await _frames.ReadFrameAsync(length, default);
                lock (_lock)
                {
                    // Bytes that are no request have no id: they take the first answer that nothing else waits for.
                    var index = _pending.FindIndex(one => one.Answers(frame));
                    index = index >= 0 ? index : _pending.FindIndex(one => one.Request.Api is null);
                    if (index >= 0)
                    {
                        _pending[index].Arrive(frame, ++_arrived);
                        _pending.RemoveAt(index);
                    }
                }
            }
        }
        catch (Exception end) when (end is IOException or MalformedMessageException or ObjectDisposedException or SocketException)
        {
            // The connection is closed all the same.
        }

        lock (_lock)
        {
            Close();
        }
    }

    private void Close()
    {
        IsClosed = true;
        foreach (var pending in _pending)
        {
            pending.Arrive(null, ++_arrived);
        }

        _pending.Clear();
    }
}
