using System.Globalization;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>
/// kcat, one process that writes and one that reads. It tells of acknowledgements only by its exit code: with 0, all that it was given is stored.
/// </summary>
internal sealed class KcatClient() : NumberClient("kcat", isIdempotent: true)
{
    // With -E a broker that is not there ends neither of them.
    private readonly CancellationTokenSource _writing = new();
    private LineProcess? _writer;
    private LineProcess? _reader;
    private Task<long> _feed = Task.FromResult(0L);

    protected override string Complaints => $"{_writer?.Errors}{_reader?.Errors}";

    public override void Start(string bootstrap)
    {
        string[] common = ["-b", bootstrap, "-E", "-X", "reconnect.backoff.max.ms=500"];
        _writer = new LineProcess("kcat", [.. common, "-P", "-t", Topic, "-X", "enable.idempotence=true", "-X", "linger.ms=5"], _ => { });
        _reader = new LineProcess(
            "kcat",
            [
                .. common, "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500", "-q", "-u", "-f", "%s\n", "-G", Topic, Topic,
            ],
            line => Read.Add(long.Parse(line, CultureInfo.InvariantCulture)));
        _feed = FeedAsync(_writer.Input);
    }

    public override async Task StopWritingAsync()
    {
        await _writing.CancelAsync();
        var written = await _feed;
        _writer!.Input.Close();
        var exit = await _writer.WaitForExitAsync();
        if (exit != 0)
        {
            throw new InvalidOperationException($"kcat ended with {exit}.");
        }

        for (var number = 0L; number < written; number++)
        {
            Acknowledged.Add(number);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _writing.Cancel();
        _writer?.Dispose();
        _reader?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<long> FeedAsync(StreamWriter input)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var number = 0L;
        for (; !_writing.IsCancellationRequested; await pace.WaitForNextTickAsync())
        {
            for (var end = number + 10; number < end; number++)
            {
                await input.WriteLineAsync(number.ToString(CultureInfo.InvariantCulture));
            }

            await input.FlushAsync();
        }

        return number;
    }
}
