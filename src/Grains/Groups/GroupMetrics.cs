using System.Diagnostics.Metrics;

namespace Loire.Grains.Groups;

/// <summary>
/// The instruments of the consumer groups of one silo, in the meter <see cref="MeterName"/>. They carry no group
/// id, which bounds their series.
/// </summary>
public sealed class GroupMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Loire.Grains";

    private readonly UpDownCounter<long> _members;
    private readonly Counter<long> _rebalances;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _committedOffsets;

    /// <summary>Creates the instruments of one silo.</summary>
    public GroupMetrics(IMeterFactory meters)
        : this(meters.Create(MeterName))
    {
    }

    private GroupMetrics(Meter meter)
    {
        _members = meter.CreateUpDownCounter<long>(
            "loire.group.members", "{member}", "Members of the groups that are active on this silo.");
        _rebalances = meter.CreateCounter<long>("loire.group.rebalances", "{rebalance}", "New target assignments of groups.");
        _commits = meter.CreateCounter<long>("loire.group.commits", "{commit}", "Commits that stored at least one offset.");
        _committedOffsets = meter.CreateCounter<long>("loire.group.commit.offsets", "{offset}", "Offsets stored by commits.");
    }

    /// <summary>Instruments of groups outside a silo, such as those of a test.</summary>
    internal static GroupMetrics Hostless { get; } = new(new Meter(MeterName));

    internal void MembersChanged(int by) => _members.Add(by);

    internal void Rebalanced() => _rebalances.Add(1);

    internal void Committed(int offsets)
    {
        _commits.Add(1);
        _committedOffsets.Add(offsets);
    }
}
