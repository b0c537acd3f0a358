using System.Globalization;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>
/// A client that a script drives. It prints <c>acked N</c> and <c>read N</c>; at the end of its input it writes nothing more, and prints <c>stopped</c> once what it has
/// written is acknowledged.
/// </summary>
internal sealed class ScriptClient(string name, bool isIdempotent, string program, string script) : NumberClient(name, isIdempotent)
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LineProcess? _process;

    protected override string Complaints => _process?.Errors ?? "";

    public override void Start(string bootstrap) => _process = new LineProcess(program, [script, bootstrap, "survive", Topic], Note);

    public override Task StopWritingAsync()
    {
        _process!.Input.Close();
        return _stopped.Task;
    }

    public override ValueTask DisposeAsync()
    {
        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Note(string line)
    {
        if (line == "stopped")
        {
            _stopped.TrySetResult();
        }
        else if (line.Split(' ') is [var what, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            (what == "acked" ? Acknowledged : Read).Add(number);
        }
    }
}
