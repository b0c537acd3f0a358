using System.Net;
using System.Net.Sockets;

namespace Loire.Peers.Benchmarks;

/// <summary>A connection with a buffer for each direction; the same for every protocol. One thread writes, another may read.</summary>
internal sealed class Wire : IDisposable
{
    private readonly Socket _socket;
    private byte[] _out = new byte[256 * 1024];
    private int _outLength;
    private byte[] _in = new byte[256 * 1024];
    private int _inStart;
    private int _inEnd;

    private Wire(Socket socket) => _socket = socket;

    /// <summary>Bytes written and not sent yet.</summary>
    public int Unsent => _outLength;

    /// <summary>Bytes received and not taken yet.</summary>
    public ReadOnlySpan<byte> Received => _in.AsSpan(_inStart, _inEnd - _inStart);

    public static async Task<Wire> ConnectAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new Wire(socket);
    }

    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Room for so many bytes, which count as written.</summary>
    public Span<byte> Reserve(int length)
    {
        if (_out.Length - _outLength < length)
        {
            Array.Resize(ref _out, Math.Max(2 * _out.Length, _outLength + length));
        }

        _outLength += length;
        return _out.AsSpan(_outLength - length, length);
    }

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        for (var sent = 0; sent < _outLength;)
        {
            sent += await _socket.SendAsync(_out.AsMemory(sent, _outLength - sent), cancellation);
        }

        _outLength = 0;
    }

    /// <summary>Receives more behind what is there.</summary>
    public async ValueTask ReceiveAsync(CancellationToken cancellation)
    {
        if (_inStart == _inEnd)
        {
            _inStart = _inEnd = 0;
        }
        else if (_inEnd == _in.Length)
        {
            var to = _inEnd - _inStart > _in.Length / 2 ? new byte[2 * _in.Length] : _in;
            Received.CopyTo(to);
            (_in, _inStart, _inEnd) = (to, 0, _inEnd - _inStart);
        }

        var read = await _socket.ReceiveAsync(_in.AsMemory(_inEnd), cancellation);
        if (read == 0)
        {
            throw new IOException("The server closed the connection.");
        }

        _inEnd += read;
    }

    /// <summary>Drops bytes from the front of <see cref="Received"/>.</summary>
    public void Take(int length) => _inStart += length;

    /// <summary>Takes a line without its CR LF, if it is all there. Valid until the next receive.</summary>
    public bool TryTakeLine(out ReadOnlySpan<byte> line)
    {
        var received = Received;
        var end = received.IndexOf((byte)'\n');
        line = end < 0 ? default : received[..end].TrimEnd((byte)'\r');
        _inStart += end + 1;
        return end >= 0;
    }

    public void Dispose() => _socket.Dispose();
}
