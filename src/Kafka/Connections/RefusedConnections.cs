using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Connections;

/// <summary>
/// Logs connections that are closed because they break the protocol: one line for each address and minute, since what speaks another protocol comes again and again.
/// Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets the lines.</param>
public sealed partial class RefusedConnections(TimeProvider time, ILogger<RefusedConnections> logger)
{
    private const int Addresses = 1_000;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, long> _lines = new(StringComparer.Ordinal);

    /// <summary>Logs a connection, unless another one of its address was logged within the last minute.</summary>
    /// <param name="remote">The peer.</param>
    /// <param name="reason">What it has sent.</param>
    public void Log(EndPoint? remote, string reason)
    {
        var (address, now) = ((remote as IPEndPoint)?.Address.ToString() ?? "", time.GetTimestamp());
        if (_lines.TryGetValue(address, out var last) && time.GetElapsedTime(last, now) < BetweenLines)
        {
            return;
        }

        if (_lines.Count >= Addresses)
        {
            _lines.Clear();
        }

        _lines[address] = now;
        LogRefused(logger, address, reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection from {Address} does not speak Kafka's protocol and is closed: {Reason}")]
    private static partial void LogRefused(ILogger logger, string address, string reason);
}
