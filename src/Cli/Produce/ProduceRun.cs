using System.Globalization;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Produce;

/// <summary>One <c>loire produce</c> from its first record to its last acknowledgement.</summary>
/// <param name="producer">Sends the records.</param>
/// <param name="make">Makes a record of a piece of the input; null for none. Fails with <see cref="FormatException"/>.</param>
/// <param name="partition">Where all records go; null to let each say, or its key decide.</param>
/// <param name="delimiter">Ends a piece.</param>
/// <param name="caller">The terminal and the clock.</param>
internal sealed class ProduceRun(
    RecordProducer producer, Func<ReadOnlyMemory<byte>, OutgoingRecord?> make, int? partition, byte[] delimiter, Caller caller)
{
    private long _pieces;

    /// <summary>Also writes each piece to standard output.</summary>
    public bool Tees { get; init; }

    /// <summary>Sends every piece of every input, and reports the counts.</summary>
    /// <param name="inputs">The sources, opened one after the other. Without a delimiter each is one record.</param>
    /// <param name="maxBytes">The most bytes of a piece.</param>
    /// <param name="interrupted">Stops reading; what was read is still sent.</param>
    /// <exception cref="CliException">Not every record was acknowledged; the message has the counts.</exception>
    public async Task RunAsync(IEnumerable<(Func<Stream> Open, bool IsWhole)> inputs, int maxBytes, CancellationToken interrupted)
    {
        var progress = new ProgressLine(caller);
        CliException? failure = null;
        OutputClosedException? closed = null;
        try
        {
            foreach (var (open, isWhole) in inputs)
            {
                await using var source = open();
                await ReadAsync(new DelimitedInput(source, isWhole ? [] : delimiter, maxBytes), isWhole, progress, interrupted);
                if (interrupted.IsCancellationRequested || producer.Failure is not null)
                {
                    break;
                }
            }
        }
        catch (CliException exception)
        {
            failure = exception;
        }
        catch (OutputClosedException exception)
        {
            closed = exception;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            failure = new CliException(ExitCode.Error, "IO_ERROR", exception.Message);
        }

        await producer.DrainAsync();
        progress.Clear();
        if ((producer.Failure ?? failure) is { } reason)
        {
            throw new CliException(reason.Exit, reason.Name, $"{reason.Message} {Counts()}", reason.Hint);
        }

        caller.Terminal.Note(Counts());
        if (closed is not null)
        {
            throw closed;
        }
    }

    private async Task ReadAsync(DelimitedInput input, bool isWhole, ProgressLine progress, CancellationToken interrupted)
    {
        var interruption = Task.Delay(Timeout.Infinite, interrupted);
        while (producer.Failure is null && !interrupted.IsCancellationRequested)
        {
            var now = Timestamp.From(caller.Time.GetUtcNow());
            while (producer.Failure is null && (isWhole ? input.TryTakeRest(out var piece) : input.TryTake(out piece)))
            {
                await AddAsync(piece, now);
            }

            if (input.IsTooLong)
            {
                throw producer.TooLarge(producer.Added + 1);
            }

            var fill = input.FillAsync();
            while (!fill.IsCompleted && !interrupted.IsCancellationRequested && producer.Failure is null)
            {
                producer.SendIdle();
                await Task.WhenAny(fill, producer.AnyAnswer(), interruption);
                producer.Collect();
            }

            progress.Show(() => Invariant($"{producer.Acknowledged} records acknowledged, {producer.AcknowledgedBytes / 1e6:F1} MB"));
            if (fill.IsCompleted && !await fill)
            {
                return;
            }
        }
    }

    private async Task AddAsync(ReadOnlyMemory<byte> piece, Timestamp now)
    {
        _pieces++;
        if (Make(piece) is { } record)
        {
            while (producer.Failure is null && !producer.TryAdd(partition ?? record.Partition, record.Timestamp ?? now, record))
            {
                await producer.MakeRoomAsync();
            }
        }

        if (Tees && producer.Failure is null)
        {
            caller.Terminal.Output.Write(piece.Span);
            caller.Terminal.Output.Write(delimiter);
        }
    }

    private OutgoingRecord? Make(ReadOnlyMemory<byte> piece)
    {
        try
        {
            return make(piece);
        }
        catch (FormatException problem)
        {
            throw new CliException(ExitCode.Error, "INVALID_RECORD", Invariant($"Line {_pieces} is no record. {problem.Message}"));
        }
    }

    private string Counts() => Invariant(
        $"{producer.Acknowledged} records were acknowledged; the first {producer.AcknowledgedWithoutGap} of the input are all among them.")
        + (producer.Unanswered == 0 ? ""
            : Invariant($" {producer.Unanswered} more were sent without an answer and may have been appended."));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
