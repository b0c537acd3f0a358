using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Topics;
using Loire.Grains.Journals;

namespace Loire.Grains.Topics;

/// <summary>The journal of one topic.</summary>
internal sealed class TopicJournalCodec : IJournalCodec<TopicState, TopicRecord>
{
    /// <summary>The only instance.</summary>
    public static readonly TopicJournalCodec Instance = new();

    public TopicState New() => TopicState.Absent;

    public TopicState Apply(TopicState state, TopicRecord record) => state.Apply(record);

    public TopicRecord Snapshot(TopicState state) => new TopicRecord.Snapshot(state);

    public ReadOnlyMemory<byte> Write(TopicRecord record) => TopicRecordCodec.Write(record);

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TopicRecord? record) =>
        TopicRecordCodec.TryRead(bytes, out record);
}
