namespace Loire.Storage.Tests.Processes;

/// <summary>
/// What a store holds after a load that was cut short: for each writer everything up to its last acknowledged operation, and the next one
/// at most.
/// </summary>
internal sealed class LoadExpectation
{
    private readonly Dictionary<string, int> _acknowledged = [];

    /// <summary>A load begins.</summary>
    public void Begin(string load)
    {
        for (var writer = 0; writer < ChildProgram.Writers; writer++)
        {
            _acknowledged.Add($"{load}-{writer}", -1);
        }
    }

    /// <summary>Notes an <c>ack</c> line.</summary>
    public void Note(string line)
    {
        if (line.Split(' ') is ["ack", var writer, var number])
        {
            _acknowledged[writer] = int.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    public int Acknowledged => _acknowledged.Values.Sum(last => last + 1);

    /// <summary>Checks every key of every load; what is found has to stay.</summary>
    public async Task CheckAsync(FileGrainStorage store, string when)
    {
        foreach (var (writer, last) in _acknowledged.ToList())
        {
            var found = await FoundAsync(store, writer, last) ? last : last + 1;
            Assert.True(found == last || await FoundAsync(store, writer, found), $"{when}: {writer} acknowledged {last}, and the store holds neither this nor one more.");
            _acknowledged[writer] = found;
        }
    }

    private static async Task<bool> FoundAsync(FileGrainStorage store, string writer, int last)
    {
        var values = new Dictionary<string, byte[]?>();
        for (var i = 0; i <= last; i++)
        {
            var (key, value) = ChildProgram.Operation(writer, i);
            values[key] = value;
        }

        for (var i = 0; i < 10; i++)
        {
            var key = $"{writer}-{i}";
            var (expected, actual) = (values.GetValueOrDefault(key), await store.ReadAsync(key));
            if (expected is null ? actual is not null : actual is null || !expected.AsSpan().SequenceEqual(actual))
            {
                return false;
            }
        }

        return true;
    }
}
