using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>
/// Attempts the first connection to a cluster for a bounded time. Orleans' own filter gives up at once if the membership table cannot be read, and
/// waits for up to three minutes if no gateway is in it.
/// </summary>
internal sealed partial class FirstConnection(string cluster, TimeSpan timeout, TimeProvider time, ILogger<FirstConnection> logger)
    : IClientConnectionRetryFilter
{
    /// <summary>Long enough for a cluster that starts at the same time.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    private readonly long _begun = time.GetTimestamp();
    private TimeSpan _pause = _firstPause;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_begun) + _pause > timeout)
        {
            throw new TimeoutException(
                $"No gateway of the cluster '{cluster}' could be reached within {timeout.TotalSeconds:0.#} s: {exception.Message} "
                + "Nodes have gateways with --gateway-port; they and this client need the same membership table and the same cluster id.",
                exception);
        }

        if (_pause == _firstPause)
        {
            LogWaiting(cluster, exception.Message);
        }

        await Task.Delay(_pause, time, cancellationToken);
        _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the cluster '{Cluster}': {Reason}")]
    private partial void LogWaiting(string cluster, string reason);
}
