using Loire.Edge.Calls;

namespace Loire.Edge.Tests.Calls;

/// <summary>Which failed calls have had no effect for certain, so that an append may be repeated.</summary>
public class GrainCallErrorsTests
{
    [Theory]
    [InlineData("Silo stopping ", true)]
    [InlineData("Exception while sending message: refused", true)]
    [InlineData("The target silo is no longer active: target was S1, but this silo is S2.", true)]
    [InlineData("The activation's migration did not deliver the request. ", false)]
    public void A_rejected_call_has_had_no_effect_unless_it_went_along_with_a_grain_whose_migration_has_an_unknown_outcome(string text, bool isUndelivered)
    {
        var rejection = (OrleansMessageRejectionException)Activator.CreateInstance(
            typeof(OrleansMessageRejectionException), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public,
            null, [text], null)!;
        Assert.Equal(isUndelivered, GrainCallErrors.IsUndelivered(rejection));
    }

    [Fact]
    public void A_call_that_was_lost_with_its_silo_or_had_no_answer_in_time_may_have_had_one()
    {
        Assert.False(GrainCallErrors.IsUndelivered(new SiloUnavailableException()));
        Assert.False(GrainCallErrors.IsUndelivered(new TimeoutException()));
        Assert.True(GrainCallErrors.IsUndelivered(new GatewayTooBusyException()));
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower, true, "the partition is about to run elsewhere")]
    [InlineData(ErrorCode.NotCoordinator, true, "so is the group")]
    [InlineData(ErrorCode.FencedLeaderEpoch, false, "the reader believes in an earlier leader, wherever it asks")]
    [InlineData(ErrorCode.OffsetOutOfRange, false, "the partition has answered")]
    public void An_answer_from_the_wrong_place_is_asked_for_again(ErrorCode error, bool isMoved, string reason) =>
        Assert.True(isMoved == GrainCallErrors.IsMoved(error), reason);
}
