using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.TheEye;

/// <summary>The users, the customers and their tasks.</summary>
internal sealed class Accounts
{
    private readonly ConcurrentDictionary<string, Account> _accounts = new();
    private readonly ConcurrentDictionary<string, TheEyeCustomer> _customers = new();
    private readonly ConcurrentDictionary<string, TaskOfCustomer> _tasks = new();

    public void AddUser(string token, TheEyeUser user)
    {
        AddCustomer(new TheEyeCustomer(user.CustomerId, user.Customer));
        _accounts[token] = new Account(token, user);
    }

    public void RemoveToken(string token) => _accounts.TryRemove(token, out _);

    public void AddCustomer(TheEyeCustomer customer) => _customers[customer.Name] = customer;

    public void AddTask(string customer, TheEyeTask task) =>
        _tasks[task.Id] = _customers.TryGetValue(customer, out var owner)
            ? new TaskOfCustomer(task, owner)
            : throw new ArgumentException($"There is no customer {customer}: add one, or a user of it, first.", nameof(customer));

    public bool TryFind(string? token, [NotNullWhen(true)] out Account? account)
    {
        account = null;
        return token is not null && _accounts.TryGetValue(token, out account);
    }

    public TaskOfCustomer? Task(string customer, string id) =>
        _tasks.TryGetValue(id, out var task) && task.Customer.Name == customer ? task : null;
}

/// <summary>A token and its user. All calls share this one string of the token.</summary>
internal sealed record Account(string Token, TheEyeUser User)
{
    public bool Passes(TheEyeTask task) =>
        task.Acl.Count == 0
        || Credential.Reaches(User, "admin")
        || task.Acl.Intersect([User.Email, User.Credential, .. User.Roles], StringComparer.OrdinalIgnoreCase).Any();
}
