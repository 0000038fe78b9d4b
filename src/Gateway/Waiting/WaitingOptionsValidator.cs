using Microsoft.Extensions.Options;

namespace SyncCluster.Gateway.Waiting;

/// <inheritdoc/>
internal sealed class WaitingOptionsValidator : IValidateOptions<WaitingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, WaitingOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Require(nameof(options.Maximum), options.Maximum);
        Require(nameof(options.Default), options.Default);
        Require(nameof(options.DrainTime), options.DrainTime);
        Require(nameof(options.AttachInterval), options.AttachInterval);
        Require(nameof(options.LastAttach), options.LastAttach);
        Require(nameof(options.Patience), options.Patience);
        Require(nameof(options.Silence), options.Silence);
        Require(nameof(options.CancelTime), options.CancelTime);
        foreach (var (customer, tasks) in options.Tasks)
        {
            foreach (var (task, own) in tasks)
            {
                Require($"Tasks:{customer}:{task}:Maximum", own.Maximum);
                Require($"Tasks:{customer}:{task}:Default", own.Default);
            }
        }

        return result.Build();

        void Require(string setting, TimeSpan? time)
        {
            if (time is { } given && (given <= TimeSpan.Zero || given > TimeSpan.FromDays(1)))
            {
                result.AddError($"Waiting:{setting} must be above 0 and at most 24 hours.");
            }
        }
    }
}
