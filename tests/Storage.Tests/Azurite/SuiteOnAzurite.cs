using System.Reflection;
using Loire.Storage.Tests.Contract;
using Orleans.Storage;
using Xunit.Sdk;

namespace Loire.Storage.Tests.Azurite;

/// <summary>The suites that run on every storage, over Azurite. Driven by reflection, so that all of them can be skipped where Azurite is not installed.</summary>
public class SuiteOnAzurite
{
    public static TheoryData<string, int> ContractTests => TestsOf(typeof(Contract));

    [AzuriteTheory]
    [MemberData(nameof(ContractTests))]
    public Task The_contract_of_grain_storage_holds(string test, int number) => RunAsync(new Contract(), test, number);

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

    private static async Task RunAsync(IAsyncLifetime suite, string test, int number)
    {
        await suite.InitializeAsync();
        try
        {
            var method = suite.GetType().GetMethod(test)!;
            await (Task)method.Invoke(suite, Arguments(method)[number])!;
        }
        finally
        {
            await suite.DisposeAsync();
        }
    }

    private sealed class Contract : GrainStorageContract
    {
        private AzuriteSilo? _silo;

        protected override bool KeepsEmptyObjects => false;

        public override async Task DisposeAsync() => await _silo!.DisposeAsync();

        protected override async Task<IGrainStorage> OpenAsync()
        {
            _silo = await AzuriteSilo.StartAsync();
            return _silo.Storage;
        }
    }
}
