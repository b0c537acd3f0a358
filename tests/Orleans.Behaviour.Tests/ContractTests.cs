namespace Orleans.Behaviour.Tests;

/// <summary>What the walk over grain contracts finds, in contracts with one fault each.</summary>
public class ContractTests
{
    private readonly EmittedContract _contract = new();

    [Fact]
    public void Contracts_in_order_have_no_faults()
    {
        var inner = _contract.Type("Inner", "inner", [("Day", typeof(DateTimeOffset), 0)]);
        var outer = _contract.Type("Outer", "outer", [("Inners", inner.MakeArrayType(), 0), ("Bytes", typeof(ReadOnlyMemory<byte>), 1)]);
        Type[] parameters = [typeof(int), inner, typeof(KeyValuePair<string, int?>[]), typeof(CancellationToken)];
        _contract.Interface(
            "IThing",
            "thing",
            new EmittedMethod("Do", "do", typeof(ValueTask<>).MakeGenericType(outer), parameters),
            new EmittedMethod("Start", "start", typeof(Task), [typeof(IMortalGrain)]));
        Assert.Empty(_contract.Faults);
    }

    [Fact]
    public void An_interface_and_its_methods_need_an_alias()
    {
        _contract.Interface("IThing", null, new EmittedMethod("Do", null, typeof(Task), []));
        Assert.Equal(["IThing has no [Alias].", "IThing.Do has no [Alias]."], _contract.Faults);
    }

    [Fact]
    public void Two_methods_of_an_interface_must_not_have_the_same_alias()
    {
        var method = new EmittedMethod("Do", "do", typeof(Task), []);
        _contract.Interface("IThing", "thing", method, method with { Name = "Undo" });
        Assert.Equal(["IThing: Undo and Do have the same alias, do."], _contract.Faults);
    }

    [Fact]
    public void Two_types_must_not_have_the_same_alias()
    {
        var one = _contract.Type("One", "same", []);
        var other = _contract.Type("Other", "same", []);
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(Task), [one, other]));
        Assert.Equal(["Other and One have the same alias, same."], _contract.Faults);
    }

    [Fact]
    public void A_method_returns_a_task()
    {
        var method = new EmittedMethod("Do", "do", typeof(int), []);
        _contract.Interface("IThing", "thing", method, new EmittedMethod("Run", "run", typeof(void), []));
        Assert.Equal(2, _contract.Faults.Count(fault => fault.EndsWith("or one of them with a result.", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_method_has_at_most_one_cancellation_token()
    {
        Type[] parameters = [typeof(CancellationToken), typeof(CancellationToken)];
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(Task), parameters));
        Assert.Equal(["IThing.Do has more than one CancellationToken."], _contract.Faults);
    }

    [Fact]
    public void A_one_way_method_has_no_result()
    {
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(Task<int>), [], IsOneWay: true));
        Assert.Equal(["IThing.Do is one-way, so its result never comes."], _contract.Faults);
    }

    [Fact]
    public void A_type_needs_a_serializer_wherever_it_is_held()
    {
        var plain = _contract.Type("Plain", "plain", [], serializable: false);
        var holder = _contract.Type("Holder", "holder", [("Part", typeof(List<>).MakeGenericType(plain), 0)]);
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(Task<>).MakeGenericType(holder), []));
        Assert.Equal(["Plain, Part of Holder, has no [GenerateSerializer]."], _contract.Faults);
    }

    [Fact]
    public void A_member_without_an_id_is_lost()
    {
        var type = _contract.Type("Two", "two", [("First", typeof(int), 0), ("Second", typeof(int), -1)]);
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(ValueTask<>).MakeGenericType(type), []));
        Assert.Equal(["Two.Second has no [Id], so it is lost on the way."], _contract.Faults);
    }

    [Theory]
    [InlineData(0, 2, "leaves a gap")]
    [InlineData(1, 2, "does not begin at 0")]
    [InlineData(0, 0, "repeats one")]
    public void Ids_count_from_zero(int first, int second, string reason)
    {
        var type = _contract.Type("Two", "two", [("First", typeof(int), first), ("Second", typeof(int), second)]);
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(ValueTask<>).MakeGenericType(type), []));
        var fault = Assert.Single(_contract.Faults);
        Assert.True(fault.StartsWith($"The [Id]s of Two are {first}, {second};", StringComparison.Ordinal), reason);
    }

    [Fact]
    public void A_class_that_is_passed_must_not_change_afterwards()
    {
        var type = _contract.Type("Mutable", "mutable", [("Value", typeof(int), 0)], immutable: false);
        _contract.Interface("IThing", "thing", new EmittedMethod("Do", "do", typeof(Task), [type]));
        Assert.Contains("has no [Immutable]", Assert.Single(_contract.Faults), StringComparison.Ordinal);
    }
}
