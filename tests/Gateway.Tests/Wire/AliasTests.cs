using System.Reflection;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Wire;

/// <summary>
/// The messages of a cluster by the names that version 0.1 has for them. While servers are upgraded one after the other, a silo or gateway of that version
/// gets the messages of this one: it answers a name that it does not know with an exception, each time. What was added since may wait until the upgrade
/// is over: what administrators ask for, the calls of scripts that say who waits for them, and what a silo has found out that another one still finds out.
/// </summary>
public sealed class AliasTests
{
    [Theory]
    [InlineData("sync.call", "bind find unbind")]
    [InlineData("sync.census", "held")]
    [InlineData("sync.count", "add giveback take")]
    [InlineData("sync.job", "abandon assign attach cancel complete follow forgo leave submit terminate", "cancelandremove notreleased parent remove submitifcurrent")]
    [InlineData("sync.job.observer", "allcompleted completed moved")]
    [InlineData("sync.job.relay", "allcompleted")]
    [InlineData("sync.line.grain", "enter leave wait")]
    [InlineData("sync.runner", "holds log stop turn", "release reserve unreserve")]
    [InlineData("sync.taskgrain", "delete get put script", "renewsecret revision update")]
    [InlineData("sync.tasklist", "add ids remove")]
    public void An_interface_has_the_messages_of_version_0_1_and_none_that_an_upgrade_needs(string name, string messages, string added = "") =>
        Assert.Equal(
            $"{messages} {added}".TrimEnd().Split(' ').Order(StringComparer.Ordinal),
            MessagesOf(Interfaces.Single(type => AliasOf(type) == name)));

    /// <summary>
    /// The window and the lists of jobs are asked by new servers alone, and are placed on new silos alone. A door is asked first whether it is there,
    /// and no silo of version 0.1 says that. The revisions of tasks are asked of a silo whose grain has told one. The operator's question goes to a silo
    /// whose door is open; one of another version that is asked by it is shown as one that does not answer.
    /// </summary>
    [Fact]
    public void Each_interface_but_the_window_the_lists_the_door_the_revisions_and_the_operator_was_in_version_0_1() =>
        Assert.Equal(10, Interfaces.Count(type =>
            AliasOf(type) is not ("sync.window" or "sync.joblist" or "sync.door" or "sync.revisions" or "sync.operator")));

    private static Type[] Interfaces { get; } = [.. typeof(IJobGrain).Assembly.GetTypes().Where(type => type.IsInterface && AliasOf(type) is not null)];

    private static IEnumerable<string?> MessagesOf(Type type) => type.GetMethods().Select(AliasOf).Order(StringComparer.Ordinal);

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;
}
