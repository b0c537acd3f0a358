using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>
/// A hosted service that reads a topic and handles each record. A session that fails is logged, and a new one starts after a pause that
/// doubles up to 30 seconds, unless it was the last one or stops the host.
/// </summary>
internal sealed partial class HostedConsumer(
    Func<IHostedSession> newSession, Func<ValueTask> dispose, ConsumerState state, IHostApplicationLifetime host, TimeProvider time,
    ILogger logger)
    : BackgroundService, IAsyncDisposable
{
    private static readonly TimeSpan _pauseMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _pauseMax = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await dispose();
        Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's start must not wait for the first session.
        await Task.Yield();
        for (var pause = _pauseMin; !stoppingToken.IsCancellationRequested; pause = pause * 2 < _pauseMax ? pause * 2 : _pauseMax)
        {
            var session = newSession();
            var started = time.GetTimestamp();
            try
            {
                await session.RunAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                state.Trouble = problem.Message;
                SessionFailed(problem, state.Name, pause);
            }

            if (session.End != SessionEnd.Restart)
            {
                if (session.End == SessionEnd.StopHost)
                {
                    host.StopApplication();
                }

                return;
            }

            if (time.GetElapsedTime(started) > _pauseMax)
            {
                pause = _pauseMin;
            }

            try
            {
                await Task.Delay(pause, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Consumer} cannot read and retries in {Pause}.")]
    private partial void SessionFailed(Exception problem, string consumer, TimeSpan pause);
}
