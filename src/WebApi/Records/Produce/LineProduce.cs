using System.Buffers;
using System.Text.Json;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// Cuts a stream into lines and makes a record of each. Only LF ends a line, a CR before it belongs to the line, and a last line without LF counts
/// once the stream has ended properly.
/// </summary>
internal abstract class LineProduce
{
    private byte[] _joined = [];
    private long _examined;

    /// <summary>Lines taken, empty ones included; the line that a problem concerns is the next one.</summary>
    public long Lines { get; private set; }

    /// <summary>What is wrong with the next line; nothing is taken after it.</summary>
    public ApiProblem? Problem { get; private set; }

    /// <summary>
    /// Takes the lines at the front of <paramref name="buffer"/> and moves it on, until more input is needed, there is no room, or a line
    /// is wrong.
    /// </summary>
    /// <returns>Whether to make room first: then this is called again.</returns>
    public bool Take(ref ReadOnlySequence<byte> buffer, bool isLast, IRecordSink records, Timestamp now)
    {
        var maxLineBytes = MaxLineBytes(records);
        while (Problem is null)
        {
            var span = buffer.FirstSpan;
            var end = _examined < span.Length ? span[(int)_examined..].IndexOf((byte)'\n') : -1;
            ReadOnlySpan<byte> line;
            long length, taken;
            if (end >= 0)
            {
                length = _examined + end;
                line = span[..(int)length];
                taken = length + 1;
            }
            else if (!FindAcrossSegments(buffer, isLast, maxLineBytes, out length, out taken))
            {
                return false;
            }
            else if (length > maxLineBytes)
            {
                line = default;
            }
            else
            {
                var whole = buffer.Slice(0, length);
                line = whole.IsSingleSegment ? whole.FirstSpan : Join(whole);
            }

            if (length > maxLineBytes)
            {
                if (records.MustCheckTopic())
                {
                    return true;
                }

                Problem = new ApiProblem(ErrorCode.MessageTooLarge, $"The line has more than {maxLineBytes} bytes.");
                return false;
            }

            var added = TryAdd(line, records, now, out var problem);
            if (problem is not null)
            {
                Problem = problem;
                return false;
            }

            if (added == Added.NoRoom)
            {
                _examined = length;
                return true;
            }

            if (added == Added.TooLarge)
            {
                Problem = TooLarge(records);
                return false;
            }

            Lines++;
            _examined = 0;
            buffer = buffer.Slice(taken);
        }

        return false;
    }

    public static ApiProblem TooLarge(IRecordSink records) => new(
        ErrorCode.MessageTooLarge, $"The record does not fit into the topic's max.message.bytes, {records.MaxBatchBytes}.");

    /// <summary>The most bytes of a line, so that what cannot become a record of the topic is not gathered.</summary>
    protected abstract int MaxLineBytes(IRecordSink records);

    /// <summary>Makes a record of a line and adds it.</summary>
    protected abstract Added TryAdd(ReadOnlySpan<byte> line, IRecordSink records, Timestamp now, out ApiProblem? problem);

    // The rare case: the line continues in the next segment, or it is the last one without LF, or it is not all here yet.
    private bool FindAcrossSegments(
        in ReadOnlySequence<byte> buffer, bool isLast, int maxLineBytes, out long length, out long taken)
    {
        var unexamined = buffer.Slice(Math.Min(_examined, buffer.Length));
        if (unexamined.PositionOf((byte)'\n') is { } end)
        {
            length = buffer.GetOffset(end) - buffer.GetOffset(buffer.Start);
            taken = length + 1;
            return true;
        }

        length = taken = buffer.Length;
        if (buffer.Length > maxLineBytes || (isLast && buffer.Length > 0))
        {
            return true;
        }

        _examined = buffer.Length;
        return false;
    }

    private ReadOnlySpan<byte> Join(ReadOnlySequence<byte> line)
    {
        if (_joined.Length < line.Length)
        {
            _joined = new byte[Math.Max(line.Length, 4096)];
        }

        line.CopyTo(_joined);
        return _joined.AsSpan(0, (int)line.Length);
    }
}

/// <summary><c>text/plain</c>: the line is the value.</summary>
internal sealed class TextProduce(int? partition, byte[]? key) : LineProduce
{
    protected override int MaxLineBytes(IRecordSink records) => records.MaxBatchBytes;

    protected override Added TryAdd(ReadOnlySpan<byte> line, IRecordSink records, Timestamp now, out ApiProblem? problem)
    {
        problem = null;
        return records.TryAdd(partition, new ProducerRecord(now, key, key is null, line, false, []), out _);
    }
}

/// <summary><c>application/x-ndjson</c>: the line is a record in JSON; a line of white space is passed over.</summary>
internal sealed class NdjsonProduce(int? partition) : LineProduce
{
    // Escapes can make a character of a record six bytes of a line of JSON; some room for names and white space is added.
    private const int JsonExpansion = 6;
    private const int JsonOverhead = 4096;

    private readonly RecordFields _fields = new();

    protected override int MaxLineBytes(IRecordSink records) =>
        (int)Math.Min(int.MaxValue, ((long)JsonExpansion * records.MaxBatchBytes) + JsonOverhead);

    protected override Added TryAdd(ReadOnlySpan<byte> line, IRecordSink records, Timestamp now, out ApiProblem? problem)
    {
        problem = null;
        line = Lines == 0 ? JsonBody.WithoutMark(line) : line;
        if (line.IndexOfAnyExcept((byte)' ', (byte)'\t', (byte)'\r') < 0)
        {
            return Added.Yes;
        }

        try
        {
            var reader = new Utf8JsonReader(line, RecordFields.ReaderOptions);
            reader.Read();
            problem = _fields.Read(ref reader, line) is { } wrong ? ApiProblem.BadRequest(wrong) : null;
            if (problem is null && reader.Read())
            {
                problem = ApiProblem.BadRequest("A line holds one JSON object.");
            }
        }
        catch (JsonException exception)
        {
            problem = ApiProblem.BadRequest(JsonBody.Describe(exception));
        }

        return problem is not null ? Added.TooLarge : AddFields(_fields, line, partition, records, now, out _, out problem);
    }

    /// <summary>Adds what was read to the partition that the record or else the request names.</summary>
    public static Added AddFields(
        RecordFields fields,
        ReadOnlySpan<byte> source,
        int? partition,
        IRecordSink records,
        Timestamp now,
        out RecordPlace place,
        out ApiProblem? problem)
    {
        place = default;
        problem = CheckPartition(fields, partition, records.PartitionsCount);
        if (problem is { Error: ErrorCode.UnknownTopicOrPartition } && records.MustCheckTopic())
        {
            problem = null;
            return Added.NoRoom;
        }

        return problem is not null
            ? Added.TooLarge
            : records.TryAdd(fields.Partition ?? partition, fields.Record(source, now), out place);
    }

    public static ApiProblem? CheckPartition(RecordFields fields, int? partition, int partitionsCount) =>
        fields.Partition is not { } own ? null
        : own >= partitionsCount ? new ApiProblem(ErrorCode.UnknownTopicOrPartition, $"The topic has {partitionsCount} partitions; the record names {own}.")
        : partition is { } asked && asked != own ? ApiProblem.BadRequest("The record and the query name different partitions.")
        : null;
}
