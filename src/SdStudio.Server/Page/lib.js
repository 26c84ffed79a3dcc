// The one door to what comes from npm.
import { Component, createRef, Fragment, h, render } from './vendor/preact.js';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from './vendor/hooks.js';
import { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from './vendor/signals.js';
import htm from './vendor/htm.js';

export const html = htm.bind(h);
export { batch, Component, computed, createRef, effect, Fragment, h, render, signal, useCallback, useComputed, useEffect, useLayoutEffect, useMemo, useRef, useSignal, useSignalEffect };
