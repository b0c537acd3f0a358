using System.Text;
using Loire.Log;
using Orleans.Storage;

namespace Loire.Storage.Tests.Contract;

/// <summary>What Loire relies on in every grain storage it runs on.</summary>
public abstract class GrainStorageContract : IAsyncLifetime
{
    // Grains of this instance only: the store may be shared.
    private readonly string _grainType = $"contract{Guid.NewGuid():N}";

    private IGrainStorage Storage { get; set; } = null!;

    /// <summary>Whether an object without bytes exists. Orleans' blob provider reads it as absent, so Loire stores none.</summary>
    protected virtual bool KeepsEmptyObjects => true;

    public async Task InitializeAsync() => Storage = await OpenAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_absent_state_reads_as_a_new_one()
    {
        var state = await ReadAsync("absent");
        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Empty(state.State!.Pieces);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(65_537)]
    [InlineData(3_000_000)]
    public async Task An_object_reads_back_byte_for_byte_as_one_piece(int length)
    {
        var bytes = Bytes(length);
        var written = await CreateAsync("object", bytes);
        Assert.True(written.RecordExists);
        Assert.NotNull(written.ETag);
        var read = await ReadAsync("object");
        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(Assert.Single(read.State!.Pieces).Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task An_object_written_in_pieces_reads_back_as_their_sum()
    {
        var bytes = Bytes(100_000);
        int[] cuts = [0, 0, 1, 40, 40, 5000, 70_000, 99_999, 100_000];
        ReadOnlyMemory<byte>[] pieces = [.. cuts.Zip(cuts.Skip(1), (from, to) => new ReadOnlyMemory<byte>(bytes, from, to - from))];
        await WriteAsync("pieces", new GrainState<StoredObject> { State = new StoredObject { Pieces = pieces } });
        Assert.True(Assert.Single((await ReadAsync("pieces")).State!.Pieces).Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task An_object_of_thousands_of_pieces_reads_back_as_their_sum()
    {
        var bytes = Bytes(9_000_000);
        ReadOnlyMemory<byte>[] pieces = [.. Enumerable.Range(0, 3_000).Select(i => new ReadOnlyMemory<byte>(bytes, i * 3_000, 3_000))];
        await WriteAsync("pieces", new GrainState<StoredObject> { State = new StoredObject { Pieces = pieces } });
        Assert.True(Assert.Single((await ReadAsync("pieces")).State!.Pieces).Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task An_empty_object_is_not_absent()
    {
        if (KeepsEmptyObjects)
        {
            await CreateAsync("empty", []);
            Assert.True((await ReadAsync("empty")).RecordExists);
        }
    }

    [Fact]
    public async Task A_create_of_an_existing_object_fails_and_changes_nothing()
    {
        var first = await CreateAsync("key", [1]);
        await Assert.ThrowsAsync<InconsistentStateException>(() => CreateAsync("key", [2]));
        await ExpectAsync("key", [1], first.ETag!);
    }

    [Fact]
    public async Task A_write_with_the_stored_ETag_succeeds_and_changes_it()
    {
        var state = await CreateAsync("key", [1]);
        var before = state.ETag;
        state.State = Object([2]);
        await WriteAsync("key", state);
        Assert.NotEqual(before, state.ETag);
        await ExpectAsync("key", [2], state.ETag!);
    }

    [Fact]
    public async Task A_write_with_an_older_ETag_fails_and_changes_nothing()
    {
        var state = await CreateAsync("key", [1]);
        var stale = new GrainState<StoredObject> { State = Object([3]), ETag = state.ETag };
        state.State = Object([2]);
        await WriteAsync("key", state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("key", stale));
        await ExpectAsync("key", [2], state.ETag!);
    }

    [Fact]
    public async Task A_write_with_an_ETag_of_an_absent_object_fails()
    {
        var state = await CreateAsync("key", [1]);
        var gone = new GrainState<StoredObject> { State = Object([2]), ETag = state.ETag };
        await ClearAsync("key", state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("key", gone));
        Assert.False((await ReadAsync("key")).RecordExists);
    }

    [Fact]
    public async Task A_cleared_state_is_absent_and_can_be_created_again_under_a_new_ETag()
    {
        var state = await CreateAsync("key", [1]);
        var before = state.ETag;
        await ClearAsync("key", state);
        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Empty(state.State!.Pieces);
        Assert.False((await ReadAsync("key")).RecordExists);
        var again = await CreateAsync("key", [2]);
        Assert.NotEqual(before, again.ETag);
        await ExpectAsync("key", [2], again.ETag!);
    }

    [Fact]
    public async Task A_clear_with_an_older_ETag_fails_and_changes_nothing()
    {
        var state = await CreateAsync("key", [1]);
        var stale = new GrainState<StoredObject> { State = Object([]), ETag = state.ETag };
        state.State = Object([2]);
        await WriteAsync("key", state);
        await Assert.ThrowsAsync<InconsistentStateException>(() => ClearAsync("key", stale));
        await ExpectAsync("key", [2], state.ETag!);
    }

    [Fact]
    public async Task A_clear_of_an_absent_object_succeeds()
    {
        await ClearAsync("absent", new GrainState<StoredObject> { State = Object([]) });
        Assert.False((await ReadAsync("absent")).RecordExists);
    }

    [Fact]
    public async Task Exactly_one_of_many_concurrent_creates_succeeds_and_its_value_is_stored()
    {
        var winners = new List<byte>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await CreateAsync("contended", [(byte)i]);
                lock (winners)
                {
                    winners.Add((byte)i);
                }
            }
            catch (InconsistentStateException)
            {
            }
        }));
        Assert.Equal([Assert.Single(winners)], Assert.Single((await ReadAsync("contended")).State!.Pieces).ToArray());
    }

    [Fact]
    public async Task Exactly_one_of_many_writes_of_one_version_succeeds()
    {
        var first = await CreateAsync("contended", [255]);
        var wins = 0;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await WriteAsync("contended", new GrainState<StoredObject> { State = Object([(byte)i]), ETag = first.ETag });
                Interlocked.Increment(ref wins);
            }
            catch (InconsistentStateException)
            {
            }
        }));
        Assert.Equal(1, wins);
    }

    [Fact]
    public async Task States_and_grains_are_independent()
    {
        var cases = Enumerable.Range(0, 200).Select(i => (State: $"s{i % 4}", Key: $"0a1b2c/{i / 4}/chunk é %2F {i}")).ToList();
        await Task.WhenAll(cases.Select(item => Storage.WriteStateAsync(
            item.State, Id(item.Key), new GrainState<StoredObject> { State = Object(Encoding.UTF8.GetBytes(item.State + item.Key)) })));
        foreach (var (state, key) in cases)
        {
            var read = new GrainState<StoredObject>();
            await Storage.ReadStateAsync(state, Id(key), read);
            Assert.Equal(state + key, Encoding.UTF8.GetString(Assert.Single(read.State!.Pieces).Span));
        }
    }

    [Fact]
    public async Task A_state_of_another_type_is_stored_too()
    {
        var id = Id("json");
        var state = new GrainState<Settings> { State = new Settings { Name = "ü", Sizes = [1, 2, 3] } };
        await Storage.WriteStateAsync("settings", id, state);
        var read = new GrainState<Settings>();
        await Storage.ReadStateAsync("settings", id, read);
        Assert.Equal("ü", read.State!.Name);
        Assert.Equal([1, 2, 3], read.State!.Sizes);
        Assert.Equal(state.ETag, read.ETag);
    }

    [Fact]
    public async Task Written_and_read_memory_belongs_to_the_caller()
    {
        var bytes = Bytes(5_000);
        var kept = bytes.ToArray();
        await CreateAsync("memory", bytes);
        bytes.AsSpan().Clear();
        var first = await ReadAsync("memory");
        Assert.True(first.State!.Pieces[0].Span.SequenceEqual(kept));
        for (var i = 0; i < 20; i++)
        {
            // Readers of other objects must not get at the memory of the first.
            await CreateAsync($"memory-{i}", Bytes(5_000 + i));
            await ReadAsync($"memory-{i}");
        }

        Assert.True(first.State!.Pieces[0].Span.SequenceEqual(kept));
    }

    /// <summary>A store, empty or shared with other tests.</summary>
    protected abstract Task<IGrainStorage> OpenAsync();

    private GrainId Id(string key) => GrainId.Create(_grainType, key);

    private static StoredObject Object(byte[] bytes) => new() { Pieces = [bytes] };

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private async Task<GrainState<StoredObject>> CreateAsync(string key, byte[] bytes)
    {
        var state = new GrainState<StoredObject> { State = Object(bytes) };
        await WriteAsync(key, state);
        return state;
    }

    private Task WriteAsync(string key, GrainState<StoredObject> state) => Storage.WriteStateAsync("state", Id(key), state);

    private Task ClearAsync(string key, GrainState<StoredObject> state) => Storage.ClearStateAsync("state", Id(key), state);

    private async Task<GrainState<StoredObject>> ReadAsync(string key)
    {
        var state = new GrainState<StoredObject>();
        await Storage.ReadStateAsync("state", Id(key), state);
        return state;
    }

    private async Task ExpectAsync(string key, byte[] bytes, string etag)
    {
        var state = await ReadAsync(key);
        Assert.Equal(etag, state.ETag);
        Assert.Equal(bytes, Assert.Single(state.State!.Pieces).ToArray());
    }

    /// <summary>Some state that is not a stored object.</summary>
    public sealed class Settings
    {
        public string Name { get; set; } = "";

        public List<int> Sizes { get; set; } = [];
    }
}
