using Loire.Grains.Interfaces.Topics;
using Loire.TestKit.Contracts;

namespace Loire.Grains.Tests;

public class ContractTests
{
    [Fact]
    public void Everything_that_grain_calls_carry_can_cross_between_silos() =>
        Assert.Empty(GrainContracts.FaultsOf(typeof(ITopicGrain).Assembly));
}
