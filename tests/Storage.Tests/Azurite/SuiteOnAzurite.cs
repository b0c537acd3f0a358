using System.Reflection;
using Loire.Log.Tests.LogSuite;
using Loire.Storage.Tests.Contract;
using Orleans.Storage;
using Xunit.Sdk;

namespace Loire.Storage.Tests.Azurite;

/// <summary>
/// The suites that run on every storage, over Azurite. Driven by reflection, so that all of them can be skipped where Azurite is not
/// installed.
/// </summary>
public class SuiteOnAzurite
{
    public static TheoryData<string, int> ContractTests => TestsOf(typeof(Contract));

    [AzuriteTheory]
    [MemberData(nameof(ContractTests))]
    public Task The_contract_of_grain_storage_holds(string test, int number) => RunAsync(new Contract(), test, number);

    public static TheoryData<string, int> LogTests => TestsOf(typeof(Log));

    [AzuriteTheory]
    [MemberData(nameof(LogTests))]
    public Task The_suite_of_the_log_passes(string test, int number) => RunAsync(new Log(), test, number);

    public static TheoryData<string, int> LogStartTests => TestsOf(typeof(LogStart));

    [AzuriteTheory]
    [MemberData(nameof(LogStartTests))]
    public Task The_suite_of_the_start_of_a_log_passes(string test, int number) => RunAsync(new LogStart(), test, number);

    public static TheoryData<string, int> RewriteTests => TestsOf(typeof(Rewrite));

    [AzuriteTheory]
    [MemberData(nameof(RewriteTests))]
    public Task The_suite_of_rewriting_passes(string test, int number) => RunAsync(new Rewrite(), test, number);

    public static TheoryData<string, int> KeyTableTests => TestsOf(typeof(StoredTables));

    [AzuriteTheory]
    [MemberData(nameof(KeyTableTests))]
    public Task The_suite_of_the_tables_of_keys_passes(string test, int number) => RunAsync(new StoredTables(), test, number);

    private static TheoryData<string, int> TestsOf(Type suite)
    {
        var tests = new TheoryData<string, int>();
        foreach (var method in suite.GetMethods().Where(method => method.IsDefined(typeof(FactAttribute))).OrderBy(method => method.Name, StringComparer.Ordinal))
        {
            var count = Arguments(method).Count;
            for (var i = 0; i < count; i++)
            {
                tests.Add(method.Name, i);
            }
        }

        return tests;
    }

    private static List<object?[]> Arguments(MethodInfo method)
        => method.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(method)).DefaultIfEmpty([]).ToList()!;

    private static async Task RunAsync(object suite, string test, int number)
    {
        var lifetime = suite as IAsyncLifetime;
        await (lifetime?.InitializeAsync() ?? Task.CompletedTask);
        try
        {
            var method = suite.GetType().GetMethod(test)!;
            await (method.Invoke(suite, BindingFlags.DoNotWrapExceptions, null, Arguments(method)[number], null) as Task ?? Task.CompletedTask);
        }
        finally
        {
            await (lifetime?.DisposeAsync() ?? Task.CompletedTask);
        }
    }

    private sealed class Contract : GrainStorageContract
    {
        protected override bool KeepsEmptyObjects => false;

        protected override async Task<IGrainStorage> OpenAsync() => (await AzuriteSilo.SharedAsync()).Storage;
    }

    private sealed class Log : PartitionLogSuite
    {
        protected override Task<ILogStore> NewStoreAsync() => LogStore.CreateAsync();
    }

    private sealed class LogStart : LogStartSuite
    {
        protected override Task<ILogStore> NewStoreAsync() => LogStore.CreateAsync();
    }

    private sealed class Rewrite : RewriteSuite
    {
        protected override int Rounds => 2;

        protected override Task<ILogStore> NewStoreAsync() => LogStore.CreateAsync();
    }

    private sealed class StoredTables : TableSuite
    {
        protected override Task<ILogStore> NewStoreAsync() => LogStore.CreateAsync();
    }

    private sealed class LogStore(string container, AzuriteSilo silo) : ILogStore
    {
        private AzuriteSilo _silo = silo;

        public static async Task<ILogStore> CreateAsync()
        {
            var container = AzuriteSilo.NewContainer();
            return new LogStore(container, await AzuriteSilo.StartAsync(container));
        }

        public IGrainStorage Storage => _silo.Storage;

        public async Task ReopenAsync()
        {
            await _silo.DisposeAsync();
            _silo = await AzuriteSilo.StartAsync(container);
        }

        public ValueTask DisposeAsync() => _silo.DisposeAsync();
    }
}
