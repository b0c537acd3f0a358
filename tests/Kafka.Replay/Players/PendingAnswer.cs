using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Replay.Players;

/// <summary>An answer that has been asked for.</summary>
/// <param name="request">What was sent.</param>
internal sealed class PendingAnswer(WireRequest request)
{
    /// <summary>What stands in a recording for a connection that the broker has closed.</summary>
    public const string Closed = "connection closed";

    private readonly TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _frame;
    private long _arrivedAt;

    public WireRequest Request => request;

    /// <summary>Its place among all answers of its connection; 0 until it has arrived.</summary>
    public long Order { get; private set; }

    /// <summary>The frame without its length; null if none has arrived.</summary>
    public byte[]? Frame => HasArrived ? _frame : null;

    /// <summary>Whether the frame is there, or the connection closed.</summary>
    public bool HasArrived => _arrival.Task.IsCompleted;

    /// <summary>The version in which the answer came.</summary>
    public short Version { get; private set; } = request.AnswerVersion;

    /// <summary>Whether a frame is the answer.</summary>
    public bool Answers(byte[] frame) =>
        request.Api is not null && frame.Length >= sizeof(int) && BinaryPrimitives.ReadInt32BigEndian(frame) == request.CorrelationId;

    /// <summary>Ends the waiting.</summary>
    /// <param name="frame">The answer; null if the connection is closed.</param>
    /// <param name="order">Its place among all answers of its connection.</param>
    public void Arrive(byte[]? frame, long order)
    {
        (_frame, Order, _arrivedAt) = (frame, order, Stopwatch.GetTimestamp());
        _arrival.TrySetResult();
    }

    /// <summary>Waits for the answer.</summary>
    /// <param name="patience">How long.</param>
    /// <returns>The answer as JSON, or a text: that the connection was closed, nothing came, or what came is not an answer.</returns>
    public async Task<JsonNode> WaitAsync(TimeSpan patience)
    {
        try
        {
            await _arrival.Task.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            return JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"none within {patience.TotalMilliseconds} ms"));
        }

        return _frame is null ? JsonValue.Create(Closed) : Decode(_frame);
    }

    /// <summary>How long after a moment the answer came; zero if it was there.</summary>
    public TimeSpan After(long moment) => _arrivedAt <= moment ? TimeSpan.Zero : Stopwatch.GetElapsedTime(moment, _arrivedAt);

    // A broker that does not know a version of ApiVersions answers in version 0.
    private JsonNode Decode(byte[] frame)
    {
        foreach (var version in request.Api is null ? [] : new[] { request.AnswerVersion, request.Version, (short)0 }.Distinct())
        {
            if (Decode(frame, version) is { } answer)
            {
                Version = version;
                return answer;
            }
        }

        return JsonValue.Create($"an answer that cannot be read: {Convert.ToHexStringLower(frame)}");
    }

    private JsonNode? Decode(byte[] frame, short version)
    {
        try
        {
            var reader = new KafkaReader(frame);
            if (reader.ReadInt32() != request.CorrelationId)
            {
                return null;
            }

            if (request.Api!.ResponseHeaderVersion(version) >= 1)
            {
                reader.SkipTags();
            }

            var answer = new JsonMessage($"{request.Api.Name}Response");
            answer.Read(ref reader, version);

            // Parsed again, all its numbers have one type.
            return reader.Remaining == 0 ? JsonNode.Parse(answer.Body.ToJsonString()) : null;
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }
}
