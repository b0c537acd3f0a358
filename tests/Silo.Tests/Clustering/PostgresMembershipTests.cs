using System.Net;
using Loire.Silo.Clustering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Loire.Silo.Tests.Clustering;

/// <summary>Orleans' membership table over the queries of our script, on a real PostgreSQL.</summary>
public sealed class PostgresMembershipTests : IAsyncLifetime
{
    // Whole microseconds, which is what PostgreSQL stores.
    private static readonly DateTime _now = new(2026, 11, 29, 12, 0, 0, 123, 456, DateTimeKind.Utc);

    private string _connection = "";
    private IHost _host = null!;
    private IMembershipTable _table = null!;

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is not null)
        {
            return;
        }

        _connection = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        await using (var database = NpgsqlDataSource.Create(_connection))
        {
            await PostgresSchema.ApplyAsync(database);
        }

        (_host, _table) = await OpenAsync("orders");
    }

    public Task DisposeAsync()
    {
        _host?.Dispose();
        return Task.CompletedTask;
    }

    [PostgresFact]
    public async Task New_cluster_has_a_version_and_no_members()
    {
        var data = await _table.ReadAllAsync();
        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        await _table.InitializeMembershipTableAsync(true);
        Assert.Equal(data.Version, (await _table.ReadAllAsync()).Version);
    }

    [PostgresFact]
    public async Task Inserted_member_is_read_back_alone_and_among_all()
    {
        var (first, second) = (Member(1), Member(2));
        await InsertAsync(first);
        await InsertAsync(second);

        var all = await _table.ReadAllAsync();
        Assert.Equal(2, all.Version.Version);
        Assert.Equal([Describe(first), Describe(second)], all.Members.Select(member => Describe(member.Item1)).Order(StringComparer.Ordinal));

        var one = await _table.ReadRowAsync(second.SiloAddress);
        Assert.Equal(all.Version, one.Version);
        Assert.Equal(Describe(second), Describe(Assert.Single(one.Members).Item1));

        var none = await _table.ReadRowAsync(Member(3).SiloAddress);
        Assert.Equal(all.Version, none.Version);
        Assert.Empty(none.Members);
    }

    [PostgresFact]
    public async Task Insert_with_a_stale_version_is_refused_without_a_trace()
    {
        var stale = (await _table.ReadAllAsync()).Version.Next();
        await InsertAsync(Member(1));
        var before = await _table.ReadAllAsync();
        Assert.False(await _table.InsertRowAsync(Member(2), stale));
        Assert.Equal(Describe(before), Describe(await _table.ReadAllAsync()));
    }

    [PostgresFact]
    public async Task Insert_of_a_member_that_exists_is_refused_without_a_trace()
    {
        await InsertAsync(Member(1));
        var before = await _table.ReadAllAsync();
        var again = Member(1);
        again.Status = SiloStatus.Joining;
        Assert.False(await _table.InsertRowAsync(again, before.Version.Next()));
        Assert.Equal(Describe(before), Describe(await _table.ReadAllAsync()));
    }

    [PostgresFact]
    public async Task Update_changes_status_suspicions_and_time_and_raises_the_version()
    {
        var member = Member(1);
        await InsertAsync(member);
        member.Status = SiloStatus.Dead;
        member.SuspectTimes = [Tuple.Create(Member(2).SiloAddress, _now.AddTicks(-(_now.Ticks % TimeSpan.TicksPerSecond)))];
        member.IAmAliveTime = _now.AddSeconds(30);
        var before = await _table.ReadRowAsync(member.SiloAddress);
        Assert.True(await _table.UpdateRowAsync(member, before.Members[0].Item2, before.Version.Next()));

        var after = await _table.ReadRowAsync(member.SiloAddress);
        Assert.Equal(before.Version.Version + 1, after.Version.Version);
        Assert.Equal(Describe(member), Describe(after.Members[0].Item1));
    }

    [PostgresFact]
    public async Task Update_from_a_read_before_another_members_change_is_refused_without_a_trace()
    {
        var member = Member(1);
        await InsertAsync(member);
        var stale = await _table.ReadRowAsync(member.SiloAddress);
        await InsertAsync(Member(2));
        var before = await _table.ReadAllAsync();
        member.Status = SiloStatus.Dead;
        Assert.False(await _table.UpdateRowAsync(member, stale.Members[0].Item2, stale.Version.Next()));
        Assert.Equal(Describe(before), Describe(await _table.ReadAllAsync()));
    }

    [PostgresFact]
    public async Task Update_from_a_read_before_the_members_own_change_is_refused_without_a_trace()
    {
        var member = Member(1);
        await InsertAsync(member);
        var stale = await _table.ReadRowAsync(member.SiloAddress);
        Assert.True(await _table.UpdateRowAsync(member, stale.Members[0].Item2, stale.Version.Next()));
        var before = await _table.ReadAllAsync();
        member.Status = SiloStatus.Dead;
        Assert.False(await _table.UpdateRowAsync(member, stale.Members[0].Item2, stale.Version.Next()));
        Assert.Equal(Describe(before), Describe(await _table.ReadAllAsync()));
    }

    [PostgresFact]
    public async Task Update_of_a_member_that_does_not_exist_is_refused_without_a_trace()
    {
        await InsertAsync(Member(1));
        var before = await _table.ReadAllAsync();
        Assert.False(await _table.UpdateRowAsync(Member(2), "", before.Version.Next()));
        Assert.Equal(Describe(before), Describe(await _table.ReadAllAsync()));
    }

    [PostgresFact]
    public async Task Of_concurrent_writes_with_one_version_a_single_one_wins()
    {
        await InsertAsync(Member(1));
        var read = await _table.ReadAllAsync();
        var inserts = Enumerable.Range(2, 8).Select(id => _table.InsertRowAsync(Member(id), read.Version.Next()));
        var updates = Enumerable.Range(0, 8).Select(_ => _table.UpdateRowAsync(Member(1), "", read.Version.Next()));
        Assert.Single(await Task.WhenAll([.. inserts, .. updates]), isWinner => isWinner);
        Assert.Equal(read.Version.Version + 1, (await _table.ReadAllAsync()).Version.Version);
    }

    [PostgresFact]
    public async Task Sign_of_life_changes_its_time_and_not_the_version()
    {
        var member = Member(1);
        await InsertAsync(member);
        await InsertAsync(Member(2));
        var before = await _table.ReadAllAsync();
        var alive = new MembershipEntry { SiloAddress = member.SiloAddress, IAmAliveTime = _now.AddMinutes(1) };
        await _table.UpdateIAmAliveAsync(alive);

        var after = await _table.ReadAllAsync();
        Assert.Equal(before.Version, after.Version);
        member.IAmAliveTime = alive.IAmAliveTime;
        Assert.Equal(Describe(member), Describe(after.TryGet(member.SiloAddress)!.Item1));
        Assert.Equal(_now, after.TryGet(Member(2).SiloAddress)!.Item1.IAmAliveTime);
    }

    [PostgresFact]
    public async Task Cleanup_deletes_members_that_are_not_active_and_were_last_alive_before_the_given_time()
    {
        var (old, silent) = (_now.AddDays(-8), DateTime.UnixEpoch);
        await InsertAsync(Member(1, SiloStatus.Dead, started: old, alive: old));
        await InsertAsync(Member(2, SiloStatus.Joining, started: old, alive: old));
        await InsertAsync(Member(3, SiloStatus.Active, started: old, alive: old));
        await InsertAsync(Member(4, SiloStatus.Dead, started: old, alive: _now));
        await InsertAsync(Member(5, SiloStatus.Dead, started: _now, alive: silent));
        await _table.CleanupDefunctSiloEntriesAsync(_now.AddDays(-7));
        Assert.Equal([3, 4, 5], (await _table.ReadAllAsync()).Members.Select(member => member.Item1.SiloAddress.Generation).Order());
    }

    [PostgresFact]
    public async Task Clusters_in_one_database_do_not_see_each_other()
    {
        await InsertAsync(Member(1));
        var (host, other) = await OpenAsync("payments");
        using (host)
        {
            Assert.Empty((await other.ReadAllAsync()).Members);
            Assert.True(await other.InsertRowAsync(Member(2), (await other.ReadAllAsync()).Version.Next()));
            await _table.DeleteMembershipTableEntriesAsync("orders");
            Assert.Single((await other.ReadAllAsync()).Members);
        }

        await _table.InitializeMembershipTableAsync(true);
        Assert.Empty((await _table.ReadAllAsync()).Members);
    }

    [PostgresFact]
    public async Task Clients_find_the_gateways_of_active_silos()
    {
        await InsertAsync(Member(1));
        await InsertAsync(Member(2, SiloStatus.Dead));
        var closed = Member(3);
        closed.ProxyPort = 0;
        await InsertAsync(closed);

        var builder = new HostApplicationBuilder();
        builder.UseOrleansClient(client => client
            .UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", _connection))
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("orders", "orders")));
        using var host = builder.Build();
        var gateways = host.Services.GetRequiredService<IGatewayListProvider>();
        await gateways.InitializeGatewayListProviderAsync();
        Assert.Equal(["gwy.tcp://127.0.0.1:30001/1"], (await gateways.GetGatewaysAsync()).Select(gateway => gateway.ToString()));
    }

    private async Task<(IHost Host, IMembershipTable Table)> OpenAsync(string cluster)
    {
        var builder = new HostApplicationBuilder();
        builder.UseOrleans(silo => silo
            .UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", _connection))
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster, cluster)));
        var host = builder.Build();
        var table = host.Services.GetRequiredService<IMembershipTable>();
        await table.InitializeMembershipTableAsync(true);
        return (host, table);
    }

    private async Task InsertAsync(MembershipEntry member) =>
        Assert.True(await _table.InsertRowAsync(member, (await _table.ReadAllAsync()).Version.Next()));

    private static MembershipEntry Member(int id, SiloStatus status = SiloStatus.Active, DateTime? started = null, DateTime? alive = null) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 20_000 + id, id),
        SiloName = $"broker-{id}",
        HostName = "localhost",
        Status = status,
        ProxyPort = 30_000 + id,
        StartTime = started ?? _now,
        IAmAliveTime = alive ?? _now,
    };

    private static string Describe(MembershipEntry member) =>
        $"{member.SiloName} {member.SiloAddress} {member.HostName} {member.Status} {member.ProxyPort} {member.StartTime:O} {member.IAmAliveTime:O} "
        + string.Join(' ', (member.SuspectTimes ?? []).Select(vote => $"{vote.Item1} {vote.Item2:yyyy-MM-dd HH:mm:ss.fff}"));

    private static string Describe(MembershipTableData data) =>
        $"{data.Version} {string.Join('|', data.Members.Select(member => Describe(member.Item1)).Order(StringComparer.Ordinal))}";
}
