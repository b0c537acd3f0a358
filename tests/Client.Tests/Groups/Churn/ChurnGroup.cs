using System.Globalization;
using Loire.Grains.Interfaces.Groups;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>A group and what happens to its members.</summary>
/// <param name="profile">What they are like.</param>
/// <param name="grains">The cluster.</param>
/// <param name="history">Told of everything.</param>
/// <param name="random">Decides.</param>
/// <param name="topics">What there is to subscribe to.</param>
internal sealed class ChurnGroup(
    ChurnProfile profile, IGrainFactory grains, History history, Random random, IReadOnlyCollection<string> topics)
{
    private const int MembersMost = 5;

    private readonly List<ChurnMember> _members = [];
    private readonly List<Task> _zombies = [];
    private int _names;

    public ChurnProfile Profile => profile;

    public int MembersCount => _members.Count;

    /// <summary>Another member, or another life of one that has an instance id.</summary>
    public void Join(string? instance = null)
    {
        history.Count("members joined");
        var name = string.Create(CultureInfo.InvariantCulture, $"{profile.Group}-{_names++}");
        instance ??= profile.IsStatic ? $"instance of {name}" : null;
        var member = new ChurnMember(grains, profile, name, instance, history, new Random(random.Next()));
        _members.Add(member);
        member.Start(random.Next(3) == 0 ? SomeTopics() : [.. topics]);
    }

    /// <summary>Something happens to it; some member is left that is alive.</summary>
    public async Task ActAsync()
    {
        _members.RemoveAll(member => member.HasEnded);
        var active = _members.Where(member => !member.IsFrozen).ToArray();
        if (active.Length > 0)
        {
            await ActAsync(active[random.Next(active.Length)], active.Length < MembersMost);
        }

        if (_members.All(member => member.IsFrozen))
        {
            Join();
        }
    }

    /// <summary>Everyone who is alive, and at least one is, wants everything from now on.</summary>
    public async Task CalmAsync()
    {
        await Task.WhenAll(_zombies);
        _members.RemoveAll(member => member.HasEnded || member.IsFrozen);
        if (_members.Count == 0)
        {
            Join();
        }

        await Task.WhenAll(_members.Select(member => member.Subscribe([.. topics])));
    }

    /// <summary>Everyone leaves in order.</summary>
    public Task EndAsync() => Task.WhenAll(_members.Select(member => member.Leave()));

    /// <summary>Everyone stops.</summary>
    public void Kill() => _members.ForEach(member => member.Freeze(atRecord: false));

    private async Task ActAsync(ChurnMember member, bool mayJoin)
    {
        switch (random.Next(7))
        {
            case 0 or 1 when mayJoin:
                Join();
                break;
            case 2:
                history.Count("members left");
                _members.Remove(member);
                await member.Leave();
                break;
            case 3:
                history.Count("members killed");
                await FreezeAsync(member);
                _members.Remove(member);
                break;
            case 4:
                history.Count("members paused");
                await FreezeAsync(member);
                _zombies.Add(ThawAsync(member));
                break;
            case 5 when profile.IsStatic:
                history.Count("members restarted");
                _members.Remove(member);
                await (random.Next(2) == 0 ? FreezeAsync(member) : member.Leave());
                Join(member.Instance);
                break;
            default:
                history.Count("subscriptions changed");
                await member.Subscribe(SomeTopics());
                break;
        }
    }

    private string[] SomeTopics()
    {
        var some = topics.Where(_ => random.Next(2) == 0).ToArray();
        return some.Length > 0 ? some : [topics.First()];
    }

    // In the middle of the application's work, if it gets any.
    private static async Task FreezeAsync(ChurnMember member)
    {
        member.Freeze(atRecord: true);
        for (var i = 0; i < 20 && !member.IsFrozen; i++)
        {
            await Task.Delay(10);
        }

        member.Freeze(atRecord: false);
    }

    // A member that was stopped goes on when the group knows it no more.
    private async Task ThawAsync(ChurnMember member)
    {
        var group = grains.GetGrain<IGroupGrain>(profile.Group);
        for (var isKnown = true; isKnown;)
        {
            await Task.Delay(50);
            try
            {
                var answer = await group.Describe();
                isKnown = answer.Error != ErrorCode.None || answer.Group!.Members.Any(one => one.MemberId == member.MemberId);
            }
            catch (Exception passing) when (passing is OrleansException or TimeoutException or OperationCanceledException)
            {
                // The silo has gone: the next one answers.
            }
        }

        member.Thaw();
    }
}
